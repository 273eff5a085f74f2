CREATE FUNCTION @extschema@.users_request_registration(email text, site text DEFAULT NULL)
	RETURNS @extschema@.users_outcome AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_request_registration(text, text) IS
'Ask for a link to sign up with, by mail; its token is the last argument of users_register.
email: where it goes; who has that address already gets a notice instead, and the
  answer is the same. site: whose page the link opens, see users_sites. Nothing
  else is kept: name and password are chosen by whoever holds the mailbox.
Status: accepted, throttled, busy. Errors: US001 email, US012 registration is
  closed or by invitation, US015 site.
For users_anon.';

CREATE FUNCTION @extschema@.users_request_reset(email text, site text DEFAULT NULL)
	RETURNS @extschema@.users_outcome AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_request_reset(text, text) IS
'Ask for a link to set a new password, by mail.
email: the account''s address; nobody is looked up before the mail goes out, so the
  answer never tells who has an account. site: whose page the link opens, see
  users_sites.
Status: accepted, throttled, busy. Errors: US001 email, US015 site.
For users_anon.';

CREATE FUNCTION @extschema@.users_reset_password(token text, new_password text, confirm_password text)
	RETURNS @extschema@.users_outcome AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_reset_password(text, text, text) IS
'Set a new password with the token of a reset link or a welcome link.
Ends every session and every other link.
token: once. new_password: as strong as at sign-up; confirm_password: the same. It
  also lifts a throttle on the account, and verifies the address that the link was
  mailed to.
Status: ok, invalid_token, busy. Errors, which leave the token unspent: US003 weak
  (DETAIL with reason and score), US004 the two differ.
For users_anon.';

CREATE FUNCTION @extschema@.users_request_verification(email text DEFAULT NULL, site text DEFAULT NULL)
	RETURNS @extschema@.users_outcome AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_request_verification(text, text) IS
'Ask for a link that verifies an address, by mail.
email: of an account that is not verified; the answer never tells whether there is
  one. Left out by somebody signed in: their own, a new address that waits before
  the present one. site: whose page the link opens, see users_sites.
Status: accepted, throttled, busy. Errors: US001 email, US015 site, 28000 no
  address and nobody signed in.
For users_anon and users_member.';

CREATE FUNCTION @extschema@.users_verify_email(token text, password text DEFAULT NULL)
	RETURNS @extschema@.users_outcome AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_verify_email(text, text) IS
'Verify an address with the token that was mailed to it; a new one then becomes the account''s.
The link shows the mailbox, the password shows the person: it is needed but in a
  session of the account, and there too for a new address.
Status: ok, invalid_token (also when the address is not wanted any more),
  invalid_credentials (the token stays), throttled, busy.
For users_anon and users_member.';

CREATE FUNCTION @extschema@.users_change_email(current_password text, new_email text, site text DEFAULT NULL)
	RETURNS @extschema@.users_outcome AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_change_email(text, text, text) IS
'Ask for another email address.
Nothing changes until users_verify_email with the token that is mailed to it.
current_password must be right. new_email: one that somebody else has is answered
  alike, and its owner is told. site: whose page the link opens. The old address
  hears now and at the change. Asking again, cancelling, a change or reset of the
  password end the link.
Status: accepted, invalid_credentials, throttled, busy. Errors: US001 new_email,
  US015 site, 28000.
For users_member.';

CREATE FUNCTION @extschema@.users_cancel_email_change()
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_cancel_email_change() IS
'Keep the present email address: the link to the new one is over.
Returns whether a change was waiting. Errors: 28000. For users_member.';

CREATE FUNCTION @extschema@.users_issue_reset(
	user_id uuid, send_mail boolean DEFAULT true, expire_password boolean DEFAULT false, site text DEFAULT NULL)
	RETURNS @extschema@.users_link AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_issue_reset(uuid, boolean, boolean, text) IS
'Give somebody a link to set a new password.
user_id: see users_id(). send_mail: by mail (url is NULL), or with false to hand
  over, shown this once; such a link verifies no address. expire_password: ends
  every session, and signing in says reset_required until then. site: whose page
  the link opens.
Errors: US011 the account is not enabled, US014, US015, 42501 (an administrator''s
  account, for others than DBAs).
For administrators.';

CREATE FUNCTION @extschema@.users_claim_mail(batch integer DEFAULT 10, lease interval DEFAULT '5 minutes')
	RETURNS SETOF @extschema@.users_mail AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION @extschema@.users_claim_mail(integer, interval) IS
'Mails to send now, each to one relay at a time.
batch: 1 to 1000, from each class in turn: resets and security notices,
  verification and sign-up, invitations. lease: 10 seconds to a day; what is not
  settled in it by users_mail_sent or users_mail_failed is offered again, with the
  same link and message_id. Commit before sending: a link''s time begins with the
  first claim. LISTEN users_mail wakes; poll as well.
For users_relay, and nobody else: who claims mail can take over any account.';

CREATE FUNCTION @extschema@.users_mail_sent(id uuid)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_mail_sent(uuid) IS
'A claimed mail has been taken over by the mail server.
id: of users_claim_mail. Returns false when it was settled already. For
  users_relay.';

CREATE FUNCTION @extschema@.users_mail_failed(
	id uuid, error text, permanent boolean DEFAULT false, retry_after interval DEFAULT NULL)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_mail_failed(uuid, text, boolean, interval) IS
'A claimed mail could not be sent.
id: of users_claim_mail. error: what happened, for users_outbox; NULL: it was not
  tried, and the attempt does not count. permanent: never try again. retry_after:
  when to, at most 30 days; otherwise after 30 seconds, then twice as long each
  time, up to six hours, a quarter more or less. After users.mail_max_attempts it
  is kept as failed.
Returns false when it was settled already. For users_relay.';

CREATE FUNCTION @extschema@.users_retry_mail(id uuid)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_retry_mail(uuid) IS
'Send a mail that failed, or that waits for its next attempt, now; its attempts are counted anew.
id: see users_outbox. Returns whether there is such a mail. For administrators.';

CREATE FUNCTION @extschema@.users_discard_mail(id uuid)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_discard_mail(uuid) IS
'Never send a mail that waits, is claimed or has failed.
id: see users_outbox. Returns whether there is such a mail. For administrators.';

CREATE FUNCTION @extschema@.users_define_template(kind text, language text, subject text, body_text text, body_html text)
	RETURNS @extschema@.users_templates AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_define_template(text, text, text, text, text) IS
'Say in your own words what mails of a kind say in a language.
kind, language: see users_templates and users_languages. subject: one line of at
  most 200 characters. body_text, body_html: at most 100 kB each, with placeholders
  such as {{first_name}}; kinds with a link need {{link}} in both. doc/mail.md
  lists the placeholders of each kind. Values are escaped in HTML.
Errors: 22023 an unknown kind, an unknown placeholder or a missing one; US007
  language; 42501.
For DBAs: who writes templates can collect links.';

CREATE FUNCTION @extschema@.users_drop_template(kind text, language text)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_drop_template(text, text) IS
'Go back to the built-in template of a kind and language.
kind, language: see users_templates. Returns whether there was another. Errors:
  22023 kind, 42501. For DBAs.';

CREATE FUNCTION @extschema@.users_preview_template(kind text, language text)
	RETURNS @extschema@.users_templates AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_preview_template(text, text) IS
'A template filled with the names of nobody, to look at.
kind, language: see users_templates. Errors: 22023 kind, US007 no template in this
  language, 42501. For administrators.';

CREATE FUNCTION @extschema@.users_define_site(
	name text, reset_url text, verify_url text, invitation_url text, registration_url text, sender text, product_name text)
	RETURNS @extschema@.users_sites AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_define_site(text, text, text, text, text, text, text) IS
'Define a front end, or define it anew: callers name it as site, and mails link to its pages.
name: 1 to 63 characters. reset_url, verify_url, invitation_url, registration_url:
  https:// or http://, with {token} where the token goes. sender: an address, or a
  name and an address as in Example <mail@example.org>. product_name: what mails
  call it. NULL: as the settings say.
Errors: US005 name or product_name, 22023 a URL or sender, 42501.
For DBAs: who sets addresses can collect links.';

CREATE FUNCTION @extschema@.users_maintain()
	RETURNS SETOF @extschema@.users_task_result AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION @extschema@.users_maintain() IS
'Removes what is over: at most 10,000 rows a task and call, one row a task.
Call it every few minutes, as from pg_cron.
Requests for mail older than a day, mails of 30 days ago that are settled, links of
  then that are over, invitations that had expired by then, devices not seen for
  90; domains deleted longer than users.deletion_grace ago, with their roles and
  invitations, each as a whole. For administrators.';

-- The mails that come with the extension. The first list is the place to mend
-- a sentence; everything below it only dresses the texts.
--
-- Paragraphs are separated by empty lines, line breaks within one do not count.
-- The first paragraph is the subject, the second the greeting, and one in
-- square brackets is the label of the button that opens {{link}}. "sr" is
-- written in Latin script, from which "sr-Cyrl" is made: avoid words in which
-- lj, nj or dž are two sounds. English is ASCII, because in a database of
-- another encoding than UTF8 it is all that is put in.

INSERT INTO users.mail_template (kind, language, subject, body_text, body_html, built_in)
WITH written (kind, language, message) AS (VALUES

-- Shared sentences: why one gets this mail, and the words above the bare link.

('=account', 'en', 'This message went to {{email}} because it concerns your account with {{product_name}}. It was sent automatically.'),
('=account', 'de', 'Diese Nachricht ging an {{email}}, weil sie Ihr Konto bei {{product_name}} betrifft. Sie wurde automatisch versandt.'),
('=account', 'sr', 'Ova poruka je poslata na {{email}} jer se odnosi na Vaš nalog za {{product_name}}. Poslata je automatski.'),

('=address', 'en', 'This message went to {{email}} because this address was entered at {{product_name}}. It was sent automatically.'),
('=address', 'de', 'Diese Nachricht ging an {{email}}, weil diese Adresse bei {{product_name}} angegeben wurde. Sie wurde automatisch versandt.'),
('=address', 'sr', 'Ova poruka je poslata na {{email}} jer je ta adresa uneta u {{product_name}}. Poslata je automatski.'),

('=link', 'en', 'If the button does not work, copy this address into your browser:'),
('=link', 'de', 'Falls die Schaltfläche nicht funktioniert, kopieren Sie bitte diese Adresse in Ihren Browser:'),
('=link', 'sr', 'Ako dugme ne radi, kopirajte ovu adresu u pregledač:'),

-- An administrator made an account for you.

('welcome', 'en', '{{product_name}}: your new account

Hello {{first_name}},

An administrator has made an account with {{product_name}} for you. Your
username is {{username}}. To begin, please choose a password.

[Choose your password]

The link is valid until {{expires_at}}.

If you did not expect this message, you can ignore it.'),

('welcome', 'de', '{{product_name}}: Ihr neues Konto

Guten Tag {{first_name}} {{last_name}},

die Administration hat für Sie ein Konto bei {{product_name}} angelegt. Ihr
Benutzername ist {{username}}. Bitte wählen Sie nun ein Passwort.

[Passwort wählen]

Der Link ist bis {{expires_at}} gültig.

Falls Sie diese Nachricht nicht erwartet haben, können Sie sie ignorieren.'),

('welcome', 'sr', '{{product_name}}: Vaš novi nalog

Dobar dan, {{first_name}} {{last_name}}!

Administrator Vam je otvorio nalog za {{product_name}}. Vaše korisničko ime je
{{username}}. Da biste počeli, izaberite lozinku.

[Izaberite lozinku]

Link važi do {{expires_at}}.

Ako niste očekivali ovu poruku, možete je zanemariti.'),

-- A sign-up link for an address without an account.

('registration', 'en', '{{product_name}}: finish signing up

Hello,

Somebody, we hope you, asked to sign up for {{product_name}} with this address.
You can go on with the following link.

[Sign up]

The link is valid until {{expires_at}}.

If it was not you, you can ignore this message: without the link no account is
made.'),

('registration', 'de', '{{product_name}}: Registrierung abschließen

Guten Tag,

für diese Adresse wurde eine Registrierung bei {{product_name}} angefordert.
Über den folgenden Link können Sie fortfahren.

[Jetzt registrieren]

Der Link ist bis {{expires_at}} gültig.

Falls Sie das nicht waren, können Sie diese Nachricht ignorieren: Ohne den Link
wird kein Konto angelegt.'),

('registration', 'sr', '{{product_name}}: dovršite registraciju

Dobar dan!

Neko je sa ovom adresom zatražio otvaranje naloga za {{product_name}}. Ako ste
to bili Vi, nastavite preko sledećeg linka.

[Otvorite nalog]

Link važi do {{expires_at}}.

Ako to niste bili Vi, možete zanemariti ovu poruku: bez linka nalog neće biti
otvoren.'),

-- Confirm that this mailbox is yours.

-- No name in it: whoever made the account chose the name, and the mailbox may
-- be a stranger's.

('verify_email', 'en', '{{product_name}}: confirm your email address

Hello,

{{email}} was entered as the email address of an account with
{{product_name}}. Please confirm that this mailbox is yours. You will be asked
for your password.

[Confirm the address]

The link is valid until {{expires_at}}.

If you did not ask for this, please ignore this message and do not open the
link.'),

('verify_email', 'de', '{{product_name}}: Bitte bestätigen Sie Ihre E-Mail-Adresse

Guten Tag,

als E-Mail-Adresse eines Kontos bei {{product_name}} wurde {{email}} angegeben.
Bitte bestätigen Sie, dass dieses Postfach Ihnen gehört. Dabei werden Sie nach Ihrem
Passwort gefragt.

[Adresse bestätigen]

Der Link ist bis {{expires_at}} gültig.

Falls Sie das nicht veranlasst haben, ignorieren Sie bitte diese Nachricht und
öffnen Sie den Link nicht.'),

('verify_email', 'sr', '{{product_name}}: potvrdite adresu e-pošte

Dobar dan!

Adresa {{email}} uneta je kao adresa e-pošte naloga za {{product_name}}.
Potvrdite da ovo poštansko sanduče pripada Vama. Pri tome će se od Vas tražiti lozinka.

[Potvrdite adresu]

Link važi do {{expires_at}}.

Ako to niste tražili Vi, zanemarite ovu poruku i ne otvarajte link.'),

-- The password is forgotten.

('reset_password', 'en', '{{product_name}}: choose a new password

Hello {{first_name}},

Somebody, we hope you, asked for a new password for your account {{username}}.
You can choose it with the following link.

[Choose a new password]

The link is valid until {{expires_at}}.

If it was not you, ignore this message. Your password stays as it is.'),

('reset_password', 'de', '{{product_name}}: Neues Passwort wählen

Guten Tag {{first_name}} {{last_name}},

für Ihr Konto {{username}} wurde ein neues Passwort angefordert. Über den
folgenden Link können Sie es wählen.

[Neues Passwort wählen]

Der Link ist bis {{expires_at}} gültig.

Falls Sie das nicht waren, ignorieren Sie bitte diese Nachricht. Ihr Passwort
bleibt, wie es ist.'),

('reset_password', 'sr', '{{product_name}}: izaberite novu lozinku

Dobar dan, {{first_name}} {{last_name}}!

Neko je zatražio novu lozinku za Vaš nalog {{username}}. Ako ste to bili Vi,
izaberite je preko sledećeg linka.

[Izaberite novu lozinku]

Link važi do {{expires_at}}.

Ako to niste bili Vi, zanemarite ovu poruku. Vaša lozinka ostaje ista.'),

-- Notice: the password was changed.

('password_changed', 'en', '{{product_name}}: your password was changed

Hello {{first_name}},

The password of your account {{username}} was changed ({{time}}). All sessions
were ended; please sign in again with the new password.

If it was not you, reset your password at once and contact the administrator.'),

('password_changed', 'de', '{{product_name}}: Ihr Passwort wurde geändert

Guten Tag {{first_name}} {{last_name}},

das Passwort Ihres Kontos {{username}} wurde geändert ({{time}}). Alle Sitzungen
wurden beendet; bitte melden Sie sich mit dem neuen Passwort wieder an.

Falls Sie das nicht waren, setzen Sie Ihr Passwort bitte sofort zurück und
wenden Sie sich an die Administration.'),

('password_changed', 'sr', '{{product_name}}: Vaša lozinka je promenjena

Dobar dan, {{first_name}} {{last_name}}!

Lozinka za Vaš nalog {{username}} je promenjena ({{time}}). Sve sesije su
završene; prijavite se ponovo novom lozinkom.

Ako to niste bili Vi, odmah resetujte lozinku i obratite se administratoru.'),

-- To the old address: somebody who knows the password asked for another one.

('email_change_requested', 'en', '{{product_name}}: change of email address requested

Hello {{first_name}},

Somebody who knows your password asked to change the email address of your
account {{username}} ({{time}}). Until the new address is confirmed, everything
stays as it is.

If it was you, follow the message that went to the new address. If it was not,
change your password at once and contact the administrator.'),

('email_change_requested', 'de', '{{product_name}}: Änderung der E-Mail-Adresse angefordert

Guten Tag {{first_name}} {{last_name}},

jemand, der Ihr Passwort kennt, möchte die E-Mail-Adresse Ihres Kontos
{{username}} ändern ({{time}}). Bis die neue Adresse bestätigt ist, bleibt
alles, wie es ist.

Falls Sie das waren, folgen Sie bitte der Nachricht, die an die neue Adresse
ging. Falls nicht, ändern Sie bitte sofort Ihr Passwort und wenden Sie sich an
die Administration.'),

('email_change_requested', 'sr', '{{product_name}}: zatražena je promena adrese e-pošte

Dobar dan, {{first_name}} {{last_name}}!

Neko ko zna Vašu lozinku zatražio je promenu adrese e-pošte za Vaš nalog
{{username}} ({{time}}). Dok nova adresa ne bude potvrđena, sve ostaje kako
jeste.

Ako ste to bili Vi, postupite po poruci koja je poslata na novu adresu. Ako
niste, odmah promenite lozinku i obratite se administratoru.'),

-- To the old address: it is no longer that of the account.

('email_changed', 'en', '{{product_name}}: your email address was changed

Hello {{first_name}},

The email address of your account {{username}} has been changed ({{time}}).
From now on, messages about it go to the new address.

If it was not you, contact the administrator at once.'),

('email_changed', 'de', '{{product_name}}: Ihre E-Mail-Adresse wurde geändert

Guten Tag {{first_name}} {{last_name}},

Die E-Mail-Adresse Ihres Kontos {{username}} wurde geändert ({{time}}).
Nachrichten dazu gehen künftig an die neue Adresse.

Falls Sie das nicht waren, wenden Sie sich bitte sofort an die Administration.'),

('email_changed', 'sr', '{{product_name}}: Vaša adresa e-pošte je promenjena

Dobar dan, {{first_name}} {{last_name}}!

Adresa e-pošte Vašeg naloga {{username}} je promenjena ({{time}}). Poruke u
vezi s njim ubuduće stižu na novu adresu.

Ako to niste bili Vi, odmah se obratite administratoru.'),

-- Somebody wanted to sign up with the address of an account.

('already_registered', 'en', '{{product_name}}: you have an account already

Hello {{first_name}},

Somebody asked for a sign-up link for this address, or wanted to use it for
another account ({{time}}). You have an account with this address already; your
username is {{username}}.

If it was you, just sign in, or reset your password if you have forgotten it. If
it was not, there is nothing you need to do.'),

('already_registered', 'de', '{{product_name}}: Sie haben bereits ein Konto

Guten Tag {{first_name}} {{last_name}},

für diese Adresse wurde ein Registrierungslink angefordert, oder sie sollte für
ein anderes Konto verwendet werden ({{time}}). Sie haben mit dieser Adresse aber
bereits ein Konto; Ihr Benutzername ist {{username}}.

Falls Sie das waren, melden Sie sich einfach an, oder setzen Sie Ihr Passwort
zurück, wenn Sie es vergessen haben. Falls nicht, brauchen Sie nichts zu tun.'),

('already_registered', 'sr', '{{product_name}}: već imate nalog

Dobar dan, {{first_name}} {{last_name}}!

Neko je zatražio link za registraciju sa ovom adresom ili je hteo da je koristi
za drugi nalog ({{time}}). Vi sa ovom adresom već imate nalog; Vaše korisničko
ime je {{username}}.

Ako ste to bili Vi, jednostavno se prijavite ili resetujte lozinku ako ste je
zaboravili. Ako niste, ne morate ništa da radite.'),

-- Somebody invites this address, which may have no account yet.

('invitation', 'en', '{{product_name}}: invitation to {{domain_name}}

Hello,

{{inviter_name}} invites you to join {{domain_name}} at {{product_name}}. Your
role there would be: {{role_name}}.

[See the invitation]

The invitation is valid until {{expires_at}}.

If you do not wish to accept it, you can ignore this message.'),

('invitation', 'de', '{{product_name}}: Einladung zu {{domain_name}}

Guten Tag,

{{inviter_name}} lädt Sie zu {{domain_name}} bei {{product_name}} ein. Ihre
Rolle dort wäre: {{role_name}}.

[Einladung ansehen]

Die Einladung gilt bis {{expires_at}}.

Falls Sie sie nicht annehmen möchten, brauchen Sie nichts zu tun.'),

('invitation', 'sr', '{{product_name}}: poziv u {{domain_name}}

Dobar dan!

{{inviter_name}} Vas poziva u {{domain_name}} ({{product_name}}). Vaša uloga bi
bila: {{role_name}}.

[Pogledajte poziv]

Poziv važi do {{expires_at}}.

Ako ne želite da ga prihvatite, možete zanemariti ovu poruku.'),

-- To the inviter.

('invitation_accepted', 'en', '{{product_name}}: invitation to {{domain_name}} accepted

Hello {{first_name}},

{{invitee_name}} has accepted your invitation to {{domain_name}} ({{time}}).

Role: {{role_name}}'),

('invitation_accepted', 'de', '{{product_name}}: Einladung zu {{domain_name}} angenommen

Guten Tag {{first_name}} {{last_name}},

{{invitee_name}} hat Ihre Einladung zu {{domain_name}} angenommen ({{time}}).

Rolle: {{role_name}}'),

('invitation_accepted', 'sr', '{{product_name}}: poziv u {{domain_name}} je prihvaćen

Dobar dan, {{first_name}} {{last_name}}!

Vaš poziv u {{domain_name}} je prihvaćen ({{time}}).

Pozvana osoba: {{invitee_name}}

Uloga: {{role_name}}'),

('invitation_rejected', 'en', '{{product_name}}: invitation to {{domain_name}} declined

Hello {{first_name}},

{{invitee_name}} has declined your invitation to {{domain_name}} ({{time}}).

Role: {{role_name}}'),

('invitation_rejected', 'de', '{{product_name}}: Einladung zu {{domain_name}} abgelehnt

Guten Tag {{first_name}} {{last_name}},

{{invitee_name}} hat Ihre Einladung zu {{domain_name}} abgelehnt ({{time}}).

Rolle: {{role_name}}'),

('invitation_rejected', 'sr', '{{product_name}}: poziv u {{domain_name}} je odbijen

Dobar dan, {{first_name}} {{last_name}}!

Vaš poziv u {{domain_name}} je odbijen ({{time}}).

Pozvana osoba: {{invitee_name}}

Uloga: {{role_name}}'),

-- Notice: the account was deleted.

('account_deleted', 'en', '{{product_name}}: your account was deleted

Hello {{first_name}},

Your account {{username}} was deleted ({{time}}). For some time an administrator
can restore it.

If you did not want this, please contact the administrator soon.'),

('account_deleted', 'de', '{{product_name}}: Ihr Konto wurde gelöscht

Guten Tag {{first_name}} {{last_name}},

Ihr Konto {{username}} wurde gelöscht ({{time}}). Einige Zeit lang kann die
Administration es wiederherstellen.

Falls Sie das nicht wollten, wenden Sie sich bitte bald an die Administration.'),

('account_deleted', 'sr', '{{product_name}}: Vaš nalog je obrisan

Dobar dan, {{first_name}} {{last_name}}!

Vaš nalog {{username}} je obrisan ({{time}}). Administrator može još neko vreme
da ga vrati.

Ako to niste želeli, obratite se administratoru što pre.'),

-- Sign-in from a device that was not seen for long.

('new_sign_in', 'en', '{{product_name}}: sign-in from a new device

Hello {{first_name}},

Somebody signed in to your account {{username}} from a device that was not seen
in the last 90 days ({{time}}).

Device: {{device}}

Network address: {{client_address}}

If it was you, there is nothing you need to do. If it was not, change your
password at once; this ends every session.'),

('new_sign_in', 'de', '{{product_name}}: Anmeldung von einem neuen Gerät

Guten Tag {{first_name}} {{last_name}},

bei Ihrem Konto {{username}} hat sich jemand von einem Gerät aus angemeldet, das
in den letzten 90 Tagen nicht verwendet wurde ({{time}}).

Gerät: {{device}}

Netzwerkadresse: {{client_address}}

Falls Sie das waren, brauchen Sie nichts zu tun. Falls nicht, ändern Sie bitte
sofort Ihr Passwort; damit werden alle Sitzungen beendet.'),

('new_sign_in', 'sr', '{{product_name}}: prijava sa novog uređaja

Dobar dan, {{first_name}} {{last_name}}!

Neko se prijavio na Vaš nalog {{username}} sa uređaja koji nije korišćen u
poslednjih 90 dana ({{time}}).

Uređaj: {{device}}

Mrežna adresa: {{client_address}}

Ako ste to bili Vi, ne morate ništa da radite. Ako niste, odmah promenite
lozinku; time se završavaju sve sesije.')

-- Here the texts end.

), layout (part, markup) AS (VALUES

-- Inline styles only, and no colours of page and text, so that a mail client's
-- dark mode can choose them. #767676 can be read on white and on black. The
-- button's room is partly the cell's, because some clients know no padding of
-- links.

('page', '<!DOCTYPE html>
<html lang="[LANGUAGE]">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>[SUBJECT]</title>
</head>
<body style="margin:0;padding:0;">
<div aria-hidden="true" style="display:none;max-height:0;overflow:hidden;">
[PREHEADER]
</div>
<table role="presentation" style="width:100%;border-collapse:collapse;">
<tr>
<td style="padding:24px 12px;">
<table role="presentation" style="width:100%;max-width:560px;margin:0 auto;
border:1px solid #c4c9d1;border-radius:8px;border-collapse:separate;
border-spacing:0;font-family:Helvetica,Arial,sans-serif;font-size:16px;
line-height:1.5;text-align:left;">
<tr>
<td style="padding:20px 28px;border-bottom:1px solid #c4c9d1;
font-size:18px;font-weight:bold;">
{{product_name}}
</td>
</tr>
<tr>
<td style="padding:24px 28px 8px;">
[PARAGRAPHS]
</td>
</tr>
<tr>
<td style="padding:16px 28px 20px;border-top:1px solid #c4c9d1;
font-size:13px;color:#767676;">
[FOOTER]
</td>
</tr>
</table>
</td>
</tr>
</table>
</body>
</html>
'),

('paragraph', '<p style="margin:0 0 16px;">
[TEXT]
</p>'),

('button', '<table role="presentation" style="margin:8px 0 24px;border-collapse:separate;
border-spacing:0;">
<tr>
<td style="padding:4px 10px;border-radius:6px;background-color:#1d5fbf;">
<a href="{{link}}"
style="display:inline-block;padding:8px 14px;color:#ffffff;
font-weight:bold;text-decoration:none;">[TEXT]</a>
</td>
</tr>
</table>
<p style="margin:0 0 16px;font-size:13px;color:#767676;">
[LINK]<br>
<a href="{{link}}"
style="color:#767676;word-break:break-all;">{{link}}</a>
</p>')

-- The same Serbian in Cyrillic: of what lies between braces every second piece
-- is the name of a placeholder, which stays as it is.

), spelled AS (
	SELECT kind, language, message FROM written
	UNION ALL
	SELECT kind, 'sr-Cyrl', string_agg(CASE i % 2 WHEN 0 THEN '{{' || piece || '}}' ELSE
			translate(replace(replace(replace(replace(replace(replace(piece,
				'lj', 'љ'), 'Lj', 'Љ'), 'nj', 'њ'), 'Nj', 'Њ'), 'dž', 'џ'), 'Dž', 'Џ'),
				'abcčćdđefghijklmnoprsštuvzžABCČĆDĐEFGHIJKLMNOPRSŠTUVZŽ',
				'абцчћдђефгхијклмнопрсштувзжАБЦЧЋДЂЕФГХИЈКЛМНОПРСШТУВЗЖ') END, '' ORDER BY i)
	FROM written, string_to_table(replace(message, '}}', '{{'), '{{') WITH ORDINALITY AS pieces (piece, i)
	WHERE language = 'sr'
	GROUP BY kind

-- In lines of at most 76 characters, for both forms of the mail.

), paragraph AS (
	SELECT kind, language, number, line[1] IS NOT NULL AS is_button,
		coalesce(line[1], (SELECT string_agg(wrapped[1], chr(10) ORDER BY n)
			FROM regexp_matches(replace(given, chr(10), ' '), '(.{1,76}|[^ ]+)(?: |$)', 'g')
				WITH ORDINALITY AS lines (wrapped, n))) AS content
	FROM spelled, string_to_table(message, chr(10) || chr(10)) WITH ORDINALITY AS parts (given, number),
		LATERAL (SELECT regexp_match(given, '^[[](.*)[]]$')) AS button (line)

), escaped AS (
	SELECT *, replace(replace(replace(content, '&', '&amp;'), '<', '&lt;'), '>', '&gt;') AS html
	FROM paragraph

), shared AS (
	SELECT language, substr(kind, 2) AS name, content, html FROM escaped WHERE kind LIKE '=%'

), mail AS (
	SELECT kind, language,
		max(replace(escaped.content, chr(10), ' ')) FILTER (WHERE number = 1) AS subject,
		max(escaped.html) FILTER (WHERE number = 1) AS title,
		max(escaped.html) FILTER (WHERE number = 3) AS preheader,
		string_agg(CASE WHEN is_button THEN escaped.content || ':' || chr(10) || '{{link}}'
				ELSE escaped.content END,
			chr(10) || chr(10) ORDER BY number) FILTER (WHERE number > 1) AS plain,
		string_agg(replace(replace(markup, '[LINK]', link.html), '[TEXT]', escaped.html),
			chr(10) ORDER BY number) FILTER (WHERE number > 1) AS paragraphs,
		CASE WHEN kind IN ('registration', 'verify_email', 'invitation') THEN 'address' ELSE 'account' END AS reason
	FROM escaped
		JOIN layout ON part = CASE WHEN is_button THEN 'button' ELSE 'paragraph' END
		JOIN shared link USING (language)
	WHERE link.name = 'link' AND kind NOT LIKE '=%'
	GROUP BY kind, language

)
SELECT kind, language, subject,
	plain || chr(10) || chr(10) || '-- ' || chr(10) || footer.content || chr(10),
	replace(replace(replace(replace(replace(markup,
		'[LANGUAGE]', CASE language WHEN 'sr' THEN 'sr-Latn' ELSE language END),
		'[SUBJECT]', title),
		'[PREHEADER]', preheader),
		'[FOOTER]', footer.html),
		'[PARAGRAPHS]', paragraphs),
	true
FROM mail
	JOIN layout ON part = 'page'
	JOIN shared footer USING (language)
WHERE footer.name = reason AND (language = 'en' OR getdatabaseencoding() = 'UTF8');

#!/usr/bin/python3
"""Calls every function of the extension with random arguments, over libpq, as
everybody who may connect, in all states of a transaction, and judges:
  - no backend ends, nothing is said of an internal error or an assertion;
  - an error has an SQLSTATE of doc/troubleshooting.md, or of what PostgreSQL says of a
    bad argument, and names an argument that the function has;
  - a function that returns no set returns one row;
  - no secret of a call stands in an error or in the server's log;
  - the memory of a session does not grow with what it has called;
  - in the end every row has what belongs to it, and every index its rows.

usage: calls.py [--seed N] [--seconds N] [--only PATTERN] [--counts] LOGFILE CONNINFO
  --seed N     repeats the choices of another run (what the server makes, such
               as ids and tokens, is new each time)
  --seconds N  how long; 15 if not given, and until every function was called
  --only PATTERN  functions whose name matches it, and no others
  --counts     ends with what each function has answered
The database has the extension, CONNINFO names a superuser, and LOGFILE is the
server's with log_error_verbosity = verbose. Status 1 if there was a finding.
"""

import argparse
import base64
import collections
import pathlib
import random
import re
import sys
import time
import uuid

from psycopg import pq

PASSWORD = b"seven wet horses sing"
SECRETS = {"password", "current_password", "new_password", "confirm_password",
           "token", "refresh_token", "ticket", "password_hash"}
# By which a secret is found in an error or in the log, whatever it became.
MARK = b"sEcReT"

# doc/troubleshooting.md, and what PostgreSQL says of transactions and cancels.
CONTRACT = {f"US{n:03}" for n in range(1, 17)} | {
    "23505", "28000", "42501", "22023", "25006", "40001", "40P01", "55000", "2BP01", "57014"}
# What it says of an argument before the function is called: it is not of its
# type (22), or too long or too deep for it (54).
ARGUMENT = re.compile(r"22|54")
# And of the name of a table or a role.
NAMES = {"42P01", "42602", "42704", "42601", "42703", "42804", "42809", "3F000"}

AWFUL = [
    b"", b" ", b"\t\r\n", "\u00a0\u2003".encode(), b"\x01\x02\x1b[2J\x7f", "\u202eeve\u202c".encode(),
    "\ufeff\u200b".encode(), "\ufffe\U0010ffff".encode(), "e".encode() + "\u0301".encode() * 300,
    "\u1e9b\u0323\ufdfa".encode() * 20, "\U0001f468\u200d\U0001f469".encode(), b"'\"`$$;--/*", b"%s%n%1$s%%", b"_%\\",
    b"\\u0000\\x00", b"<script>", b"{NULL,\"\"}", b"-9223372036854775809", b"NaN", b"null", b"users.account",
    b"x" * 255, b"y" * 8200]
BROKEN = [b"\xff\xfe", b"a\x00b", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf"]
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")

WORDS = {
    "language": [b"en", b"de", b"sr"], "theme": [b"Default", b"TealTide"], "site": [b"main", b"shop"],
    "kind": [b"welcome", b"reset_password", b"invitation", b"password_changed"],
    "status": [b"enabled", b"disabled", b"frozen", b"deleted"], "platform_role": [b"user", b"admin"],
    "permission": [b"device:read", b"device:*", b"domain:manage_roles", b"channel:publish", b"thing:poke"],
    "object_type": [b"device", b"channel", b"domain", b"thing"], "route": [b"plant", b"works-1", b"a_b"],
    "query": [b"ann", b"tes", b"%%%"], "after": [b"0/0"], "code": [b"fr", b"en"],
    "sender": [b"A <a@example.org>"], "password_hash": [
        b"$2y$04$abcdefghijklmnopqrstuu5wJ5wWQJf9kOq1Zg7v5z8Xo0dG6b1eK",
        b"$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]}
BY_TYPE = {
    "boolean": [b"t", b"f", b"maybe"],
    "integer": [b"0", b"1", b"-1", b"10", b"50", b"2147483647", b"-2147483648", b"2147483648", b"ten"],
    "bigint": [b"0", b"-1", b"9223372036854775807", b"9223372036854775808"],
    "interval": [b"5 minutes", b"0", b"-1 second", b"178000000 years", b"1 mon -30 days", b"infinity"],
    "timestamp with time zone": [
        b"2026-01-01 00:00Z", b"infinity", b"-infinity", b"294276-12-31 23:59:59Z", b"4713-01-01 00:00Z BC", b"soon"],
    "inet": [b"127.0.0.1", b"::1", b"10.0.0.0/8", b"2001:db8::/32", b"300.1.1.1"],
    "name": [b"id", b"domain_id", b"owner_id", b"label", b"ctid", b"nothing", b"x" * 70],
    "regclass": [b"device", b"plain", b"part", b"shown", b"people", b"pg_class", b"users.account", b"device_pkey", b"nowhere"],
    "regrole": [b"application", b"postgres", b"users_owner", b"users_anon", b"gateway", b"plain_login", b"nobody"],
    "jsonb": [
        b"{}", b"{\"a\": 1}", b"{\"a\": null, \"b\": {\"c\": [1, 2]}}", b"[]", b"\"x\"", b"null", b"1e400", b"\"\\u0000\"",
        b"{\"a\": 1, \"a\": 2}", b"[" * 1000 + b"]" * 1000, b"[" * 100000, b"{\"a\":" * 500 + b"1" + b"}" * 500,
        b"{\"k\": \"" + b"v" * 20000 + b"\"}", b"{" + b",".join(b"\"%d\":%d" % (n, n) for n in range(2000)) + b"}", b"{"],
}
ARRAYS = [b"{}", b"{NULL}", b"{{%s,%s},{%s,NULL}}", b"[2:3]={%s,%s}", b"{%s}", b"{%s,%s}", b"{%s,NULL,%s}",
          b"{{{{{{{%s}}}}}}}", b"{", b"[1:0]={}", b"{%s,%s,%s}"]


class Session:
    """A connection that stays as long as its backend does."""

    def __init__(self, conninfo, name, role):
        self.conninfo, self.name, self.role = conninfo, name, role
        if not self.connect():
            raise SystemExit(f"cannot connect: {self.conn.error_message.decode()}")

    def connect(self):
        """False while the server does not let anybody in."""
        self.conn = pq.PGconn.connect(f"{self.conninfo} user={self.role} application_name={self.name}".encode())
        self.first = None
        return self.conn.status == pq.ConnStatus.OK

    def plain(self, sql):
        return self.conn.exec_(sql.encode())

    def rows(self, sql):
        result = self.plain(sql)
        if result.status != pq.ExecStatus.TUPLES_OK:
            raise SystemExit(f"{sql}: {result.error_message.decode(errors='replace')}")
        return [[result.get_value(r, c) for c in range(result.nfields)] for r in range(result.ntuples)]

    def memory(self):
        with open(f"/proc/{self.conn.backend_pid}/status") as status:
            for line in status:
                if line.startswith("RssAnon:"):
                    return int(line.split()[1]) // 1024
        return 0


class Fuzzer:
    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.findings = []
        self.journal = collections.deque(maxlen=40)
        self.counts = collections.defaultdict(collections.Counter)
        self.pool = collections.defaultdict(lambda: collections.deque(maxlen=60))
        self.calls = 0
        self.aborted = False  # the transaction, before a call
        self.careful = False  # arguments that could be right
        self.root = Session(options.conninfo, "judge", "postgres")
        self.set_up()
        self.functions = [f for f in self.read_functions() if re.search(options.only, f[0])]
        self.deck = []  # what has not been called for the longest time
        # Their backends live as long as the run, so what they keep is seen.
        self.sessions = [
            Session(options.conninfo, name, role) for name, role in
            [("application", "application"), ("another", "application"), ("gateway", "gateway"), ("mailer", "mailer"),
             ("dba", "dba"), ("stranger", "plain_login"), ("owner", "app_owner"), ("root", "postgres")]]

    # ---- the scenario

    def set_up(self):
        self.file("calls-setup.sql")
        self.generation = 0

    def file(self, name):
        """Runs a file of SQL beside this one; the rows of its last statement."""
        return self.root.rows((pathlib.Path(__file__).parent / name).read_text())

    def people(self):
        """New people, domains and invitations, since the old ones come to harm."""
        self.generation += 1
        g = self.generation
        root = self.root
        root.plain("ROLLBACK")
        root.plain("SELECT users_unlock()")
        for n, who in enumerate(("ann", "ben", "cleo")):
            name = f"{who}{g}"
            made = root.plain(f"SELECT user_id FROM users_create_user('{name}@example.org', '{name}', 'Test', 'Er',"
                              f" '{PASSWORD.decode()}', platform_role => '{'admin' if n == 2 else 'user'}')")
            if made.status != pq.ExecStatus.TUPLES_OK:
                self.found("scenario", made.error_message.decode(errors="replace"))
                return
            user = made.get_value(0, 0)
            self.pool["user_id"].append(user)
            for address in (name, f"{name}@example.org", f"{name.upper()}@EXAMPLE.ORG"):
                self.pool["name"].append(address.encode())
            session = root.plain(f"SELECT access_token, refresh_token, session_id, status"
                                 f" FROM users_login('{name}', '{PASSWORD.decode()}')")
            if session.status != pq.ExecStatus.TUPLES_OK or session.get_value(0, 3) != b"ok":
                self.found("scenario", f"{name} cannot sign in")
                return
            self.pool["admin" if n == 2 else "member"].append(session.get_value(0, 0))
            for column in (0, 1):
                self.pool["token"].append(session.get_value(0, column))
            self.pool["session_id"].append(session.get_value(0, 2))
            link = root.plain(f"SELECT substring(url FROM 'token=(.*)') FROM users_issue_reset('{user.decode()}', false)")
            if link.ntuples and link.get_value(0, 0):
                self.pool["token"].append(link.get_value(0, 0))
        owner = self.pool["user_id"][-3].decode()
        device = str(uuid.UUID(int=self.random.getrandbits(128)))
        root.plain(f"SELECT users_create_domain('D', 'd{g}-{self.options.seed}', owner_id => '{owner}')")
        root.plain(f"INSERT INTO device SELECT '{device}', id, '{owner}' FROM users.domain ORDER BY created_at DESC LIMIT 1")
        root.plain("SELECT users_invite(id, 'new%d@example.org') FROM users.role ORDER BY created_at DESC LIMIT 1" % g)
        for kind, sql in (("domain_id", "SELECT id FROM users.domain ORDER BY created_at DESC LIMIT 3"),
                          ("role_id", "SELECT id FROM users.role ORDER BY created_at DESC LIMIT 4"),
                          ("object_id", "SELECT id FROM device ORDER BY random() LIMIT 3"),
                          ("kid", "SELECT kid FROM users_keys"),
                          ("id", "SELECT id FROM users.mail ORDER BY created_at DESC LIMIT 3"),
                          ("invitation_id", "SELECT id FROM users.invitation ORDER BY created_at DESC LIMIT 3")):
            for row in root.rows(sql):
                self.pool[kind].append(row[0])

    def read_functions(self):
        """Name, result and arguments of what the extension has and SQL can call."""
        rows = self.root.rows("""
            SELECT p.oid::regproc::text, p.proretset, coalesce(p.proargnames[i], ''),
                   format_type(p.proargtypes[i - 1], NULL), coalesce(i > p.pronargs - p.pronargdefaults, false), p.oid
              FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
              JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'users'
              LEFT JOIN LATERAL generate_series(1, p.pronargs) i ON true
             WHERE p.prokind = 'f' AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
               AND 'internal'::regtype <> ALL (p.proargtypes) AND p.prorettype <> 'internal'::regtype
             ORDER BY 1, p.oid, i""")
        functions = {}
        for name, many, argument, kind, optional, oid in rows:
            function = functions.setdefault(oid, [name.decode(), many == b"t", []])
            if kind:
                function[2].append((argument.decode(), kind.decode(), optional == b"t"))
        return [functions[oid] for oid in sorted(functions, key=int)]

    # ---- arguments

    def mutated(self, value):
        value = bytearray(value)
        for _ in range(self.random.randint(1, 3)):
            at = self.random.randint(0, len(value))
            what = self.random.randrange(4)
            if what == 0 and at < len(value):
                value[at] = self.random.choice(b"aZ09-_.=~ \x01")
            elif what == 1:
                value[at:at] = self.random.choice([b"A", b".", b"\xc3\xa9", value[:20]])
            elif what == 2:
                del value[at:at + self.random.randint(1, 8)]
            else:
                value = value[:at]
        return bytes(value)

    def text(self, argument):
        known = WORDS.get(argument) or []
        if argument in ("identifier", "email", "new_email", "username", "invitee"):
            known = self.pool["name"]
        elif argument in ("token", "refresh_token", "ticket"):
            known = self.pool["token"]
        elif argument == "kid":
            known = self.pool["kid"]
        elif "password" in argument and argument != "password_hash":
            known = [PASSWORD, PASSWORD, b"ten dry goats mumble"]
        dice = self.random.random() * (0.5 if self.careful and known else 1)
        if known and dice < 0.5:
            return self.random.choice(list(known))
        if known and dice < 0.65:
            return self.mutated(self.random.choice(list(known)))
        if dice < 0.75:
            return b"new%d" % self.random.randrange(10**6) + self.random.choice([b"", b"@example.org"])
        if dice < 0.76:
            return self.random.choice([b"x" * 1048576, "\u20ac".encode() * 300000, "\u0344\u1e9b".encode() * 100000])
        return self.random.choice(AWFUL)

    def element(self, kind):
        if kind == "uuid":
            return self.uuid("user_id")
        return self.random.choice([b"device:read", b"channel:*", b"thing:poke", b"read", b"a", b"\"\"", b"\"a b\"",
                                   b"\"" + "\u202e".encode() + b"\""])

    def uuid(self, argument):
        dice = self.random.random() * (0.7 if self.careful else 1)
        if dice < 0.5 and self.pool[argument]:
            return self.random.choice(list(self.pool[argument]))
        if dice < 0.75 and self.pool["uuid"]:
            return self.random.choice(list(self.pool["uuid"]))
        if dice < 0.9:
            return str(uuid.UUID(int=self.random.getrandbits(128))).encode()
        return self.random.choice([b"00000000-0000-0000-0000-000000000000", b"ffffffff-ffff-ffff-ffff-ffffffffffff",
                                   b"", b"no id"])

    def value(self, argument, kind):
        """Bytes and their format, as libpq takes them."""
        dice = self.random.random()
        if dice < (0.02 if self.careful else 0.08):
            return None, 0
        if kind == "text":
            if argument in SECRETS and dice < (0.1 if self.careful else 0.4):
                # Ours to look for.
                mark = MARK + b"%012x" % self.random.getrandbits(48)
                return self.random.choice([b"%s", b"seven wet %s horses", "\u1e9be\u0301 %s".encode()]).replace(b"%s", mark), 0
            if dice > 0.97:
                return self.random.choice(BROKEN), 1
            return self.text(argument).replace(b"\0", b""), 1
        if kind == "uuid":
            return self.uuid(argument), 0
        if kind == "bytea":
            return self.random.choice([PNG, self.mutated(PNG), b"", b"GIF89a", self.random.randbytes(200), b"\xff\xd8\xff" * 40000]), 1
        if kind.endswith("[]"):
            shape = self.random.choice(ARRAYS)
            if self.random.random() < 0.03:
                shape = b"{" + b",".join([b"%s"] * 3000) + b"}"
            return re.sub(b"%s", lambda _: self.element(kind[:-2]), shape), 0
        if kind in BY_TYPE:
            return self.random.choice(BY_TYPE[kind]), 0
        return self.random.choice(AWFUL), 0

    # ---- calls

    def found(self, what, detail):
        self.findings.append(what)
        print(f"finding: {what}: {detail}", flush=True)
        for line in list(self.journal)[-8:]:
            print(f"    {line}")
        sys.stdout.flush()

    def next_function(self):
        if not self.deck:
            self.deck = list(self.functions)
            self.random.shuffle(self.deck)
        return self.deck.pop()

    def call(self, session, function):
        name, _, arguments = function
        places, values, formats, marks = [], [], [], []
        self.careful = self.random.random() < 0.6
        positional = any(argument == "" for argument, _, _ in arguments)
        for argument, kind, optional in arguments:
            if optional and self.random.random() < 0.4:
                if positional:
                    break
                continue
            value, form = self.value(argument, kind)
            if value is not None and (argument in SECRETS):
                marks += re.findall(MARK + b"[0-9a-f]{12}", value)
            values.append(value)
            formats.append(form)
            place = f"${len(values)}"
            if kind in ("regclass", "regrole"):
                place = f"{place}::text::{kind}"
            places.append(place if positional else f'"{argument}" => {place}')
        sql = f"SELECT * FROM {name}({', '.join(places)})".encode()
        shown = [v if v is None or len(v) < 70 else v[:60] + b"... (%d)" % len(v) for v in values]
        self.journal.append(f"{session.name}: {sql.decode()} {shown}")
        self.calls += 1
        self.aborted = session.conn.transaction_status == pq.TransactionStatus.INERROR
        cancelled = self.random.random() < 0.03
        if cancelled:
            session.conn.send_query_params(sql, values, param_formats=formats)
            time.sleep(self.random.random() * 0.03)
            session.conn.get_cancel().cancel()
            result = None
            while (more := session.conn.get_result()) is not None:
                result = more
        else:
            result = session.conn.exec_params(sql, values, param_formats=formats)
        self.judge(session, function, result, marks)
        return result

    def judge(self, session, function, result, marks):
        name, many, arguments = function
        if result is None or session.conn.status != pq.ConnStatus.OK:
            self.found("backend gone", f"{name}: {session.conn.error_message.decode(errors='replace')}")
            self.recover()
            return
        if result.status == pq.ExecStatus.TUPLES_OK:
            self.counts[name]["ok"] += 1
            if not many and result.ntuples != 1:
                self.found("rows", f"{name} returned {result.ntuples}")
            self.learn(result)
            return
        state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"?????").decode()
        self.counts[name][state] += 1
        context = (result.error_field(pq.DiagnosticField.CONTEXT) or b"").decode(errors="replace")
        if not (state in CONTRACT or (ARGUMENT.match(state) and "portal parameter" in context) or
                (state in NAMES and any(kind in ("regclass", "regrole") for _, kind, _ in arguments)) or
                (state == "25P02" and self.aborted)):
            self.found("sqlstate", f"{name}: {result.error_message.decode(errors='replace')}")
        said = b"".join(filter(None, (result.error_field(field) for field in pq.DiagnosticField)))
        if any(mark in said for mark in marks):
            self.found("secret in an error", f"{name}: {said.decode(errors='replace')}")
        detail = (result.error_field(pq.DiagnosticField.MESSAGE_DETAIL) or b"").decode(errors="replace")
        named = re.search(r"^argument: (.*)$", detail, re.M)
        if named and named[1] not in {a or "picture" for a, _, _ in arguments}:
            self.found("argument", f"{name} has no {named[1]}: {result.error_message.decode(errors='replace')}")

    def learn(self, result):
        """Tokens and ids that are in an answer are arguments of later calls."""
        for column in range(result.nfields):
            heading = result.fname(column).decode()
            kind = ("token" if heading in ("access_token", "refresh_token", "ticket", "position") else
                    heading if heading in ("user_id", "session_id", "domain_id", "role_id", "invitation_id", "object_id")
                    else "uuid" if heading == "id" or heading.endswith("_id") else None)
            for row in range(min(result.ntuples, 3)):
                value = result.get_value(row, column)
                if not value:
                    continue
                if kind:
                    self.pool[kind].append(value)
                elif heading in ("url", "data"):
                    self.pool["token"].extend(re.findall(rb'token(?:=|": ?")([\w-]{30,})', value))

    def recover(self):
        """Waits for a server that restarts itself, and connects anew."""
        for session in [self.root] + self.sessions:
            deadline = time.monotonic() + 60
            while not session.connect() and time.monotonic() < deadline:
                time.sleep(0.2)

    def turn(self):
        r = self.random
        # What most people do, most often; somebody without rights is soon refused.
        session = r.choices(self.sessions, [6, 6, 2, 2, 3, 1, 1, 4])[0]
        state = r.choice(["single", "single", "block", "block", "block", "read only", "serializable", "repeatable",
                          "aborted", "timeout"])
        begin = {"read only": "BEGIN READ ONLY", "serializable": "BEGIN ISOLATION LEVEL SERIALIZABLE",
                 "repeatable": "BEGIN ISOLATION LEVEL REPEATABLE READ"}.get(state, "BEGIN")
        self.journal.append(f"{session.name}: {state}")
        identity = session.role == "application"
        if identity and state == "single":
            session.plain("SET ROLE users_anon")
        elif state != "single" or identity:
            session.plain(begin)
            if state == "timeout":
                session.plain(f"SET LOCAL statement_timeout = {r.randint(1, 40)}")
            if identity or r.random() < 0.3:
                who = r.choice(["anon", "member", "member", "admin"])
                if who == "anon":
                    session.plain("SET LOCAL ROLE users_anon")
                elif self.pool[who]:
                    token = list(self.pool[who])[-1 - r.randrange(min(2, len(self.pool[who])))]
                    session.conn.exec_params(b"SELECT users_authenticate($1)", [token])
            if state == "aborted":
                session.plain("SELECT 1/0")
        for _ in range(r.randint(1, 4)):
            # Most go on after an error, some take back what was done.
            saved = session.conn.transaction_status == pq.TransactionStatus.INTRANS and r.random() < 0.9
            if saved:
                session.plain("SAVEPOINT s")
            result = self.call(session, self.next_function())
            failed = result is None or result.status != pq.ExecStatus.TUPLES_OK
            if saved and (failed or r.random() < 0.2):
                session.plain("ROLLBACK TO s")
        session.plain("COMMIT" if r.random() < 0.6 else "ROLLBACK")
        session.plain("RESET ROLE")

    # ---- the end

    def check_memory(self):
        for session in self.sessions:
            now = session.memory()
            if session.first is None:
                session.first = now
            elif now - session.first > self.options.growth:
                self.found("memory", f"{session.name} has {now} MB, and had {session.first}")
            print(f"memory of {session.name}: {session.first} MB, then {now} MB")

    def check_rows(self):
        self.root.plain("ROLLBACK")
        for what, count in self.file("calls-verify.sql"):
            if count != b"0":
                self.found("rows", f"{what.decode()}: {count.decode()}")

    def check_log(self):
        with open(self.options.logfile, "rb") as log:
            for line in log:
                if re.search(rb"TRAP|PANIC|terminated by signal|\bXX00\d|runtime error:|AddressSanitizer", line):
                    self.found("log", line.decode(errors="replace").strip())
                for mark in re.findall(MARK + b"[0-9a-f]{12}", line):
                    self.found("secret in the log", line.decode(errors="replace").strip()[:300])

    def run(self):
        began = time.monotonic()
        shown = began
        turns = 0
        while True:
            if turns % 150 == 0:
                self.people()
            self.turn()
            turns += 1
            now = time.monotonic()
            if now - shown > 60:
                print(f"{now - began:.0f} s: {self.calls} calls, {len(self.findings)} findings", flush=True)
                shown = now
            if self.sessions[0].first is None and now - began > self.options.seconds / 3:
                self.check_memory()
            if len(self.findings) > 200 or (now - began > self.options.seconds and self.calls >= len(self.functions)):
                break
        self.check_memory()
        self.people()
        self.check_rows()
        self.check_log()
        called = sum(bool(self.counts[name]) for name, _, _ in self.functions)
        answered = sum(bool(self.counts[name]["ok"]) for name, _, _ in self.functions)
        if self.options.counts:
            for name in sorted(self.counts):
                print(f"{name}: " + " ".join(f"{state} {n}" for state, n in self.counts[name].most_common()))
        print(f"seed {self.options.seed}: {self.calls} calls of {called} functions of "
              f"{len(self.functions)}, of which {answered} have answered; {len(self.findings)} findings")
        return 1 if self.findings else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--only", default="")
    parser.add_argument("--growth", type=int, default=100, help="megabytes that a session may grow by")
    parser.add_argument("--counts", action="store_true")
    parser.add_argument("logfile")
    parser.add_argument("conninfo")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    return Fuzzer(options).run()


if __name__ == "__main__":
    sys.exit(main())

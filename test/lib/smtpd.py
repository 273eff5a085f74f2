#!/usr/bin/python3
"""An SMTP server on loopback for the tests and the demo: keeps each message.

It prints "ready PORT" once it listens, and runs until SIGTERM. Refusals go by
the recipient's domain: 550 at reject.test, 451 at later.test, 421 at
closing.test; at dropped.test the connection breaks after the message was
received and kept, at slow.test the answer takes three seconds. With a log, a
line "TIME MESSAGE-ID RECIPIENT TLS LOGIN SMTPUTF8" for each accepted message,
its time to the microsecond when it had been kept.
"""
import argparse
import asyncio
import hmac
import mailbox
import signal
import ssl
import time
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

# What a recipient's domain is refused with.
REFUSED = {
    "reject.test": "550 5.1.1 No such user here",
    "later.test": "451 4.7.1 Try again later",
    "closing.test": "421 4.3.2 Service is shutting down",
    "echo.test": "550 5.7.1 Not wanted: https://example.org/?token={secret}",
}


class Keeper:
    """Decides about recipients and keeps messages in a Maildir."""

    def __init__(self, maildir, log, refused_sender):
        self.maildir = mailbox.Maildir(maildir, create=True)
        self.log = log
        self.refused_sender = refused_sender

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.refused_sender and address == self.refused_sender:
            return "553 5.7.1 Not your sender"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        refusal = REFUSED.get(address.rpartition("@")[2])
        if refusal:
            return refusal.format(secret="x" * 43)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = mailbox.MaildirMessage(envelope.original_content)
        recipient = envelope.rcpt_tos[0]
        message["X-Envelope-From"] = envelope.mail_from
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        self.maildir.add(message)
        self.write(server, session, envelope, recipient)
        if recipient.endswith("@dropped.test"):
            server.transport.abort()
        if recipient.endswith("@slow.test"):
            await asyncio.sleep(3)
        return "250 2.0.0 Kept"

    def write(self, server, session, envelope, recipient):
        if not self.log:
            return
        now = time.time()
        parsed = message_from_bytes(envelope.original_content, policy=policy.default)
        line = " ".join([
            f"{now:.6f}",
            str(parsed["Message-ID"]),
            recipient,
            "tls" if server.transport.get_extra_info("sslcontext") else "plain",
            "login" if session.authenticated else "anonymous",
            "SMTPUTF8" if envelope.smtp_utf8 else "ascii",
        ])
        with open(self.log, "a", encoding="utf-8") as file:
            file.write(line + "\n")


class Server(SMTP):
    """Counts connections by one more line of the log."""

    def __init__(self, *arguments, connections=None, **options):
        super().__init__(*arguments, **options)
        self.connections = connections

    def connection_made(self, transport):
        # STARTTLS comes here once more, on the same connection.
        if self.connections and not self.session:
            with open(self.connections, "a", encoding="utf-8") as file:
                file.write(f"{time.time():.3f}\n")
        super().connection_made(transport)


def authenticator(user, password):
    def check(server, session, envelope, mechanism, data):
        good = (isinstance(data, LoginPassword)
                and hmac.compare_digest(data.login, user.encode())
                and hmac.compare_digest(data.password, password.encode()))
        # Handled would mean that a reply was sent already.
        return AuthResult(success=good, handled=False)
    return check


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("maildir")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--cert", help="a certificate; STARTTLS is then demanded")
    parser.add_argument("--key", help="its key")
    parser.add_argument("--implicit", action="store_true", help="TLS from the start")
    parser.add_argument("--user", help="AUTH is then demanded")
    parser.add_argument("--password", default="")
    parser.add_argument("--log", help="accepted messages")
    parser.add_argument("--connections", help="a line for each connection")
    parser.add_argument("--idle", type=float, default=300, help="seconds until 421")
    parser.add_argument("--refuse-sender", help="553 for this one")
    return parser.parse_args()


def server_options(arguments, context):
    options = {"hostname": "localhost", "enable_SMTPUTF8": True,
               "timeout": arguments.idle, "connections": arguments.connections}
    if context and not arguments.implicit:
        options.update(tls_context=context, require_starttls=True)
    if arguments.user:
        options.update(authenticator=authenticator(arguments.user, arguments.password),
                       auth_required=True, auth_require_tls=bool(context) and not arguments.implicit)
    return options


async def serve(arguments):
    context = None
    if arguments.cert:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(arguments.cert, arguments.key)
    keeper = Keeper(arguments.maildir, arguments.log, arguments.refuse_sender)
    options = server_options(arguments, context)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(
        lambda: Server(keeper, loop=loop, **options), "127.0.0.1", arguments.port,
        ssl=context if arguments.implicit else None)
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    await stop.wait()
    server.close()


asyncio.run(serve(read_arguments()))

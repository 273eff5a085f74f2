#!/usr/bin/env python3
"""Notes over a pool of connections, with psycopg 3.

usage: notes.py CONNINFO, of the login notes_pool after setup.sql
"""
import sys
from contextlib import contextmanager

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

pool = ConnectionPool(sys.argv[1], min_size=1, max_size=4, open=True, kwargs={"row_factory": dict_row})


class SignedOut(Exception):
    """The access token is not valid any more: refresh, or sign in."""


@contextmanager
def anonymous(client_address="192.0.2.1"):
    """A transaction of somebody who is not signed in. It commits: a failed
    attempt stays recorded, and a new refresh token counts."""
    with pool.connection() as db, db.transaction():
        db.execute("SET LOCAL ROLE users_anon")
        db.execute("SELECT set_config('users.client_address', %s, true)", [client_address])
        yield db


@contextmanager
def signed_in(session):
    """A transaction of who has the session."""
    with pool.connection() as db, db.transaction():
        try:
            db.execute("SELECT users_authenticate(%s)", [session["access_token"]])
        except psycopg.errors.InvalidAuthorizationSpecification:
            raise SignedOut from None
        yield db


def sign_up(**person):
    with anonymous() as db:
        return db.execute(
            "SELECT * FROM users_register(email => %(email)s, username => %(username)s, password => %(password)s,"
            " first_name => %(first)s, last_name => %(last)s)", person).fetchone()


def sign_in(identifier, password):
    with anonymous() as db:
        return db.execute("SELECT * FROM users_login(%s, %s, label => 'notes')", [identifier, password]).fetchone()


def refresh(session):
    with anonymous() as db:
        return db.execute("SELECT * FROM users_refresh(%s)", [session["refresh_token"]]).fetchone()


def notes(session):
    with signed_in(session) as db:
        return [row["body"] for row in db.execute("SELECT body FROM note ORDER BY id")]


def main():
    ann = sign_up(email="ann@example.org", username="ann", password="seven wet horses sing", first="Ann", last="Ash")
    ben = sign_up(email="ben@example.org", username="ben", password="four shy otters dance", first="Ben", last="Birch")
    print("sign up:", ann["status"], ben["status"])
    try:
        sign_up(email="ANN@example.org", username="other", password="nine odd lizards nap", first="A", last="B")
    except psycopg.errors.UniqueViolation as error:
        print("an address twice:", error.sqlstate, error.diag.constraint_name)
    try:
        sign_up(email="cid@example.org", username="cid", password="password1", first="C", last="C")
    except psycopg.Error as error:
        print("a weak password:", error.sqlstate, error.diag.column_name)
    print("a wrong password:", sign_in("ann", "wrong")["status"])
    ann = sign_in("ann@example.org", "seven wet horses sing")
    print("sign in:", ann["status"])
    with signed_in(ann) as db:
        db.execute("INSERT INTO note (body) VALUES ('of Ann')")
    with signed_in(ben) as db:
        db.execute("INSERT INTO note (body) VALUES ('of Ben')")
    print("Ann's notes:", notes(ann))
    print("Ben's notes:", notes(ben))
    ann = refresh(ann)
    print("refresh:", ann["status"], notes(ann))
    with signed_in(ann) as db:
        print("sign out everywhere:", db.execute("SELECT users_logout_all() AS sessions").fetchone()["sessions"])
    try:
        notes(ann)
    except SignedOut:
        print("and the token is void:", refresh(ann)["status"])
    pool.close()


main()

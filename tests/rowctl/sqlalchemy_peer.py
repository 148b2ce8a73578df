"""SQLAlchemy as the other program at rowctl's tables: does what each line of standard input asks, and answers with a
line. See peer.py for what can be asked."""

import json
import sys
import zlib

import psycopg2
import sqlalchemy
from sqlalchemy import Column, DateTime, Integer, BigInteger, String, orm, text

PATIENCE = 30  # seconds

Base = orm.declarative_base()


def counted(version):
    """The version after this one. SQLAlchemy itself would begin at 1."""
    return 0 if version is None else version + 1


class Account(Base):
    __tablename__ = "accounts"
    id = Column(Integer, primary_key=True)
    owner = Column(String)
    balance = Column(BigInteger)
    lock_version = Column(Integer)
    updated_at = Column(DateTime, onupdate=sqlalchemy.func.current_timestamp())
    __mapper_args__ = {"version_id_col": lock_version, "version_id_generator": counted}


class Document(Base):
    __tablename__ = "documents"
    id = Column(Integer, primary_key=True)
    owner = Column(String)
    balance = Column(BigInteger)
    version_number = Column(Integer)
    __mapper_args__ = {"version_id_col": version_number, "version_id_generator": counted}


MODELS = {"accounts": Account, "documents": Document}


def row(record):
    return {"row": {name: getattr(record, name)
                    for name in ("id", "owner", "balance", "lock_version", "version_number") if hasattr(record, name)}}


class Peer:
    def connect(self, dsn):
        kind, rest = dsn.split(":", 1)
        if kind == "sqlite":
            self.engine = sqlalchemy.create_engine(f"sqlite:///{rest}", connect_args={"timeout": PATIENCE})
        else:
            self.engine = sqlalchemy.create_engine("postgresql+psycopg2://", creator=lambda: psycopg2.connect(rest))
        self.held = {}
        return {"version": sqlalchemy.__version__}

    def session(self):
        return orm.Session(self.engine, expire_on_commit=False)

    def load(self, name, id, table="accounts"):
        session = self.session()
        record = session.get(MODELS[table], id)
        session.commit()  # what was loaded stays in the object, and no transaction is open
        self.held[name] = session, record
        return row(record)

    def save(self, name, **fields):
        session, record = self.held[name]
        for field, value in fields.items():
            setattr(record, field, value)
        return self.committed(session, record)

    def destroy(self, name):
        session, record = self.held[name]
        session.delete(record)
        return self.committed(session, None)

    def touch(self, name):
        session, record = self.held[name]
        orm.attributes.flag_modified(record, "owner")
        return self.committed(session, record)

    def create(self, table="accounts", **fields):
        session = self.session()
        record = MODELS[table](**fields)
        session.add(record)
        return self.committed(session, record)

    def committed(self, session, record):
        try:
            session.commit()
        except Exception:
            session.rollback()
            raise
        return row(record) if record else {}

    def transfer(self, source, to, amount):
        """Both, or neither: as they were loaded."""
        session = self.session()
        payer, payee = (session.merge(self.held[name][1], load=False) for name in (source, to))
        payer.balance -= amount
        payee.balance += amount
        return self.committed(session, None)

    def add_loop(self, id, times, delta):
        again = 0
        for _ in range(times):
            while True:
                with self.session() as session:
                    try:
                        session.get(Account, id).balance += delta
                        session.commit()
                        break
                    except orm.exc.StaleDataError:
                        again += 1
        return {"retries": again}

    def lock(self, name, id, wait=True):
        """In a transaction until `release`. In SQLite the lock is that of an immediate transaction."""
        session = self.session()
        try:
            if self.engine.dialect.name == "sqlite":
                connection = session.connection()
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {1000 * PATIENCE if wait else 0}")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            record = session.get(Account, id, with_for_update={"nowait": not wait})
        except Exception:
            session.rollback()
            raise
        self.held[name] = session, record
        return row(record)

    def release(self, name, **fields):
        return self.save(name, **fields)

    def forget_version(self, id, table="accounts"):
        column = MODELS[table].__mapper__.version_id_col.name
        with self.session() as session:
            session.execute(text(f"UPDATE {table} SET {column} = NULL WHERE id = :id"), {"id": id})
            session.commit()
        return {}

    def advisory(self, name, function):
        if function == "pg_advisory_unlock" and "lock" in self.held:
            session = self.held.pop("lock")
        else:
            session = self.session()
        got = session.execute(text(f"SELECT {function}(:key, 0)"), {"key": zlib.crc32(name.encode()) & 0x7fffffff}).scalar()
        if function == "pg_try_advisory_lock" and got:
            self.held["lock"] = session
        else:
            session.close()
        return {"got": got}


def main():
    peer = Peer()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {**getattr(peer, request.pop("op"))(**request), "ok": True}
        except Exception as error:  # pylint: disable=broad-except
            answer = {"ok": False, "error": type(error).__name__, "message": str(error)}
        print(json.dumps(answer), flush=True)


main()

"""A database of its own for every test: SQLite, or a schema of PostgreSQL (SYNTHLENS_TEST_DB)."""

import os
import uuid

import pytest
from sqlalchemy import create_engine, make_url, text

from core.readers.database import Database


@pytest.fixture
def url(tmp_path):
    server = os.environ.get("SYNTHLENS_TEST_DB")
    if not server:
        yield f"sqlite:///{tmp_path}/studies.sqlite"
        return
    schema, engine = f"test_{uuid.uuid4().hex}", create_engine(server)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    own = make_url(server).update_query_dict({"options": f"-csearch_path={schema}"})
    yield own.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture
def db(url):
    found = Database(url)
    yield found
    found.engine.dispose()

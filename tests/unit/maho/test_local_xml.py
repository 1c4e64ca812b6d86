"""local.xml: every way in which Maho says where its database is."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from segmail.errors import ConfigError
from segmail.maho.config.local_xml import LocalXml, read_local_xml

INSTALLED = """<?xml version="1.0"?>
<config>
    <global>
        <install><date><![CDATA[Sun, 22 Nov 2026 14:00:00 +0000]]></date></install>
        <crypt><key date="2026-11-22"><![CDATA[{key}]]></key></crypt>
        <resources>
            <db><table_prefix><![CDATA[{prefix}]]></table_prefix></db>
            <default_setup>
                <connection>{connection}</connection>
            </default_setup>
        </resources>
    </global>
</config>
"""
LOGIN = "<username>maho</username><password><![CDATA[p<w & @:/]]></password><dbname>shop</dbname>"


def read(root: Path, connection: str, *, prefix: str = "", key: str = "") -> LocalXml:
    text = INSTALLED.format(connection=connection, prefix=prefix, key=key)
    return read_local_xml(root, {"MAHO_LOCAL_XML": text})


def url(root: Path, connection: str) -> str:
    return read(root, LOGIN + connection).database_url.render_as_string(hide_password=False)


def test_the_file_below_the_root_wins_over_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "app/etc/local.xml"
    file.parent.mkdir(parents=True)
    connection = LOGIN + "<host><![CDATA[db.test]]></host>"
    text = INSTALLED.format(connection=connection, prefix="mh_", key="ab" * 32)
    file.write_text("\ufeff" + text, "utf-8")

    local = read_local_xml(tmp_path, {"MAHO_LOCAL_XML": "<config/>"})

    assert local.database_url.host == "db.test"
    assert local.database_url.password == "p<w & @:/"
    assert local.table_prefix == "mh_"
    assert local.crypt_key == "ab" * 32


@pytest.mark.parametrize(
    ("connection", "address"),
    [
        ("<host>db.test</host>", "db.test/shop"),
        ("<host>db.test:3307</host>", "db.test:3307/shop"),
        ("<host>db.test</host><port>3308</port>", "db.test:3308/shop"),
        ("<host>db.test:3307</host><port>3308</port>", "db.test:3307/shop"),
        ("<host>\n  10.0.0.5 \n</host>", "10.0.0.5/shop"),
        ("<host>localhost:3306</host>", "localhost:3306/shop"),
        ("<host>[fe80::1]:3307</host>", "[fe80::1]:3307/shop"),
        ("<host>[2001:db8::1]</host>", "[2001:db8::1]/shop"),
        ("<host>2001:db8::1</host>", "[2001:db8::1]/shop"),
        ("<host>/run/my.sock</host>", "/shop?unix_socket=%2Frun%2Fmy.sock"),
        (
            "<host>db.test</host><unix_socket>/run/my.sock</unix_socket>",
            "/shop?unix_socket=%2Frun%2Fmy.sock",
        ),
    ],
)
def test_the_grammar_of_host_is_mahos(tmp_path: Path, connection: str, address: str) -> None:
    assert url(tmp_path, connection) == (
        f"mysql+pymysql://maho:p%3Cw & %40%3A%2F@{address}".replace(" & ", " %26 ")
    )


@pytest.mark.parametrize("host", ["<host>localhost</host>", ""])
def test_a_bare_localhost_means_the_local_socket(tmp_path: Path, host: str) -> None:
    path = tmp_path / "mysqld.sock"
    environ = {"MAHO_LOCAL_XML": INSTALLED.format(connection=LOGIN + host, prefix="", key="")}
    sockets = (str(tmp_path / "none"), str(path))

    without = read_local_xml(tmp_path, environ, sockets=sockets).database_url
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        local = read_local_xml(tmp_path, environ, sockets=sockets).database_url

    assert (without.host, dict(without.query)) == ("127.0.0.1", {})
    assert (local.host, dict(local.query)) == (None, {"unix_socket": str(path)})


@pytest.mark.parametrize(
    ("engine", "driver"),
    [
        ("", "mysql+pymysql"),
        ("<engine>mysql</engine><model>pgsql</model>", "mysql+pymysql"),
        ("<model>mysql4</model><type>pdo_mysql</type>", "mysql+pymysql"),
        ("<model>mysql4</model>", "mysql+pymysql"),
        ("<type>pdo_pgsql</type><model>mysql4</model>", "postgresql+psycopg"),
        ("<engine>pgsql</engine>", "postgresql+psycopg"),
        ("<engine>sqlite</engine>", "sqlite"),
    ],
)
def test_the_engine_comes_from_engine_then_type_then_model(
    tmp_path: Path, engine: str, driver: str
) -> None:
    local = read(tmp_path, f"{LOGIN}<host>db.test</host>{engine}")

    assert local.database_url.drivername == driver


def test_postgresql_keeps_port_and_sslmode(tmp_path: Path) -> None:
    connection = "<engine>pgsql</engine><host>db</host><port>5433</port><sslmode>require</sslmode>"

    assert url(tmp_path, connection).endswith("@db:5433/shop?sslmode=require")


@pytest.mark.parametrize(
    ("connection", "below_root"),
    [
        ("<dbname>shop.sqlite</dbname>", "var/db/shop.sqlite"),
        ("<path>own.sqlite</path><dbname>shop.sqlite</dbname>", "var/db/own.sqlite"),
    ],
)
def test_a_relative_sqlite_file_lies_in_var_db(
    tmp_path: Path, connection: str, below_root: str
) -> None:
    local = read(tmp_path, f"<engine>sqlite</engine>{connection}")

    assert local.database_url.database == str(tmp_path / below_root)


def test_an_absolute_sqlite_file_stays_where_it_is(tmp_path: Path) -> None:
    local = read(tmp_path, "<engine>sqlite</engine><path>/srv/shop.db</path>")

    assert local.database_url.database == "/srv/shop.db"


def test_every_fault_is_reported_at_once_with_file_and_element(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "<host>db.test</host><port>many</port>", prefix="1 shop")

    assert [fault.what.rpartition("/")[2] for fault in caught.value.faults] == [
        "port: 'many' is not a port number.",
        "username: is missing or empty.",
        "dbname: is missing or empty.",
        "table_prefix: '1 shop' must be letters, digits and _ after a first letter.",
    ]
    assert all(fault.what.startswith("MAHO_LOCAL_XML: config/") for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('<!DOCTYPE c [<!ENTITY a "b">]><config>&a;</config>', "a DOCTYPE is refused"),
        ("<config><global></config>", "not valid XML"),
        ("not XML at all", "not valid XML"),
        ("<config>&entity;</config>", "not valid XML"),
    ],
)
def test_what_is_no_plain_xml_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        read_local_xml(tmp_path, {"MAHO_LOCAL_XML": text})


def test_an_engine_that_maho_does_not_have_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="engine: 'oracle' is not one of mysql, pgsql, sqlite"):
        read(tmp_path, LOGIN + "<engine>oracle</engine>")


def test_without_file_and_variable_the_root_is_questioned(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is this Maho's root directory"):
        read_local_xml(tmp_path, {"MAHO_LOCAL_XML": ""})


def test_a_file_that_is_no_text_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "app/etc/local.xml"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"\xff\xfe\x00<")

    with pytest.raises(ConfigError, match=r"local\.xml: cannot be read: it is not UTF-8 text"):
        read_local_xml(tmp_path, {})


def test_secrets_do_not_show(tmp_path: Path) -> None:
    local = read(tmp_path, LOGIN + "<host>db.test</host>", key="ab" * 32)

    assert "abab" not in repr(local)
    assert "p<w" not in repr(local)

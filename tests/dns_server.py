"""A DNS server on loopback for tests.

with dns_server({("example.test", "TXT"): ['"v=spf1 mx ~all"']}) as port:
    ...  # names that are not there do not exist; None for a name: SERVFAIL
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Records = Mapping[tuple[str, str], Sequence[str] | None]


@contextmanager
def dns_server(records: Records) -> Iterator[int]:
    """Answer from `records`, by name and type in the words of a zone file; yield the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        thread = threading.Thread(target=_serve, args=(server, records))
        thread.start()
        try:
            yield port
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
                stop.sendto(b"", ("127.0.0.1", port))
            thread.join()


def _serve(server: socket.socket, records: Records) -> None:
    while True:
        wire, client = server.recvfrom(4096)
        if not wire:
            return
        server.sendto(_answer(dns.message.from_wire(wire), records).to_wire(), client)


def _answer(asked: dns.message.Message, records: Records) -> dns.message.Message:
    answer = dns.message.make_response(asked)
    answer.flags |= dns.flags.RA
    question = asked.question[0]
    name = question.name.to_text(omit_final_dot=True)
    found = records.get((name, dns.rdatatype.to_text(question.rdtype)), ())
    if found is None:
        answer.set_rcode(dns.rcode.SERVFAIL)
    elif found:
        answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", question.rdtype, *found))
    elif name not in {known for known, _ in records}:
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer

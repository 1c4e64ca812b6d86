"""Passes connections on to a mail server, each byte later: a link with a round trip time.

A program of its own: `python -m tests.benchmarks.styled.proxy LISTEN-PORT PORT SECONDS`.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks.sink import Sink, free_port, wait_for
from tests.program import ROOT

_CHUNK = 65_536


@contextmanager
def delayed(sink: Sink, *, round_trip: float) -> Iterator[Sink]:
    """Yield a sink behind a link on which a byte and its answer take `round_trip` seconds."""
    port = free_port()
    module = ["-m", "tests.benchmarks.styled.proxy"]
    arguments = [f"{port}", f"{sink.port}", f"{round_trip / 2}"]
    with subprocess.Popen([sys.executable, *module, *arguments], cwd=ROOT) as process:
        try:
            wait_for(port, process)
            yield Sink(port)
        finally:
            process.terminate()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wait: float) -> None:
    """Carry bytes one way; each chunk arrives `wait` seconds later, but does not hold up others."""
    loop = asyncio.get_running_loop()
    while data := await reader.read(_CHUNK):
        loop.call_later(wait, writer.write, data)
    await asyncio.sleep(wait)
    writer.close()


async def _serve(listen: int, port: int, wait: float) -> None:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_carry(reader, far_writer, wait), _carry(far_reader, writer, wait))

    server = await asyncio.start_server(meet, "127.0.0.1", listen)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))

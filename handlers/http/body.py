"""The body of a request, read within bounds whatever its headers claim. It must not know what the body says."""

from starlette.requests import Request


async def read(request: Request, *, limit: int, drain: int) -> bytes | None:
    """Give the body; None where it has more than ``limit`` bytes.

    Of one that is too large up to ``drain`` bytes are read and thrown away, so that the sender gets to read the answer.
    """
    kept = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > drain:
            return None
        if size <= limit:
            kept += chunk
    return bytes(kept) if size <= limit else None

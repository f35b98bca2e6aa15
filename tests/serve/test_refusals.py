"""Whatever is sent, the answer is a coded error below 500, and the service goes on."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from spacy_litbert.serve.settings import Settings

from .conftest import connect, running, toy, wait_until

pytest.importorskip("fastapi", reason="the extra `serve` is not installed")
httpx = pytest.importorskip("httpx", reason="it is an extra of the tests")

JSON = {"Content-Type": "application/json"}
MANY = 100_000


def client_of(address: str) -> httpx.Client:
    return httpx.Client(base_url=address, timeout=300, trust_env=False)


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:
    with client_of(address) as client:
        yield client


def check(response: httpx.Response, status: int, code: str) -> str:
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert set(response.json()) == {"code", "detail"}
    detail: str = response.json()["detail"]
    return detail


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"{}",
        b'{"text": "x"} {}',
        b'\xef\xbb\xbf{"text": "x"}',
        b'{"text": "\xff"}',
        '{"text": "x"}'.encode("utf16"),
        b'{"text": "\\ud800"}',
        b'{"text": "\\udc00\\ud800"}',
        b'{"text": "\xed\xa0\x80"}',
        b'{"texts": ["x"], "ids": ["\\ud800"]}',
        b'{"\\ud800": 1, "text": "x"}',
        b'{"text": null}',
        b'{"text": 1}',
        b'{"text": true}',
        b'{"text": NaN}',
        b'{"text": ["x"]}',
        b'{"text": {"text": "x"}}',
        b'{"text": "x", "text": "y"}',
        b'{"text": "x", "texts": ["y"]}',
        b'{"text": "x", "ids": ["y"]}',
        b'{"text": "x", "id": 1}',
        b'{"text": "x", "id": null}',
        b'{"text": "x", "other": 1}',
        b'{"texts": "x"}',
        b'{"texts": {"x": 1}}',
        b'{"texts": ["x", 1]}',
        b'{"texts": [["x"]]}',
        b'{"texts": ["x"], "ids": "y"}',
        b'{"texts": ["x"], "ids": [1]}',
        b'{"texts": ["x"], "ids": []}',
        b'{"texts": ["x"], "ids": ["1", "2"]}',
        b'{"texts": ["x"], "id": "1"}',
        b'{"text": ' + b"9" * 20_000 + b"}",
        b'{"text": 1e999}',
        b"[" * 20_000,
        b'{"text":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"a":' * 4_000,
        json.dumps(dict.fromkeys(map(str, range(1000)))).encode(),
        b"{" + b'"a":1,' * 4_000 + b'"text":"x"}',
    ],
    ids=lambda body: repr(body[:40]),
)
def test_no_request(client: httpx.Client, body: bytes) -> None:
    assert '"texts"' in check(client.post("/annotate", content=body, headers=JSON), 422, "L643")


@pytest.mark.parametrize(
    "body, what",
    [
        ({"text": "x" * 2001}, "2,000"),
        ({"texts": ["x" * 1000, "y" * 1001]}, "2,000"),
        ({"texts": ["x"] * 21}, "20"),
        ({"texts": ["x" * MANY]}, "bytes"),
        ({"text": "x", "id": "y" * MANY}, "bytes"),
    ],
)
def test_too_large(client: httpx.Client, body: object, what: str) -> None:
    assert what in check(client.post("/annotate", json=body), 413, "L642")


def test_what_is_not_too_large(client: httpx.Client) -> None:
    texts = ["𝔸" * 100] * 20  # escaped, 24,000 bytes
    response = client.post("/annotate", content=json.dumps({"texts": texts}, indent=8), headers=JSON)
    assert [one["text"] for one in response.json()["documents"]] == texts


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "x" * 1000, "ü"])
def test_another_content_type(client: httpx.Client, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type.encode()}
    assert "application/json" in check(client.post("/annotate", content=b"{}", headers=headers), 415, "L641")


def test_a_content_type_with_more_to_it(client: httpx.Client) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert client.post("/annotate", content=b'{"text": "x"}', headers=headers).status_code == 200


@pytest.mark.parametrize(
    "method, path, status",
    [("GET", "/annotate", 405), ("POST", "/labels", 405), ("GET", "/nowhere", 404), ("PUT", "/%ff%00<", 404)],
)
def test_another_place(client: httpx.Client, method: str, path: str, status: int) -> None:
    assert "POST /annotate" in check(client.request(method, path), status, "L640")


@pytest.mark.parametrize(
    "body",
    [b"", b"text=a&text=b", b"other=a", b"text=a&other=b", b"text=%ed%a0%80", b"text=\xff", b"a&b&c&d=1"],
)
def test_a_form_that_says_something_else(client: httpx.Client, body: bytes) -> None:
    response = client.post("/", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert (response.status_code, "L643" in response.text) == (422, True)


def test_anything_at_all(client: httpx.Client) -> None:
    rng = random.Random(0)
    bodies = [
        b'{"text": "Given zinomycin \\u00fc", "id": "1"}',
        '{"texts": ["fits", "α𝔸"], "ids": ["a", "b"]}'.encode(),
    ]
    statuses = set()
    for _ in range(500):
        body = bytearray(rng.choice(bodies))
        for _ in range(rng.randint(1, 4)):
            start = rng.randrange(len(body))
            end = start + rng.choice([0, 1, 1, 5])
            body[start:end] = rng.choice([b"", rng.randbytes(1), rng.choice(b'{}[]",:\\0u').to_bytes(1, "big"), body])
        response = client.post("/annotate", content=bytes(body), headers=JSON)
        statuses.add(response.status_code)
        if response.status_code != 200:
            check(response, 422, "L643")
    assert statuses == {200, 422}


def raw(address: str, *sent: bytes) -> bytes:
    """What a server answers to bytes that no client library would send."""
    with connect(address) as connection:
        for part in sent:
            connection.sendall(part)
        return connection.recv(1 << 16)


HEAD = b"POST /annotate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def test_a_huge_body_is_refused_before_it_is_sent(address: str) -> None:
    assert raw(address, HEAD + b"Content-Length: 99999999999\r\n\r\n").startswith(b"HTTP/1.1 413 ")


def test_a_body_without_end_is_refused(address: str) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    assert raw(address, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", chunk).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "sent", [b"\0\r\n\r\n", b"GET\r\n\r\n", HEAD + b"Content-Length: -1\r\n\r\n", HEAD + b"Content-Length: x\r\n\r\n"]
)
def test_no_http(address: str, sent: bytes) -> None:
    assert raw(address, sent).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("path, status", [("labels", b"200"), ("labels/", b"404"), ("nowhere", b"404")])
def test_a_host_that_is_none(address: str, path: str, status: bytes) -> None:
    answered = raw(address, f"GET /{path} HTTP/1.1\r\nHost: [\r\n\r\n".encode())
    assert answered.startswith(b"HTTP/1.1 " + status)


def test_clients_that_leave(address: str, client: httpx.Client) -> None:
    for sent in (b"", b"POST /ann", HEAD, HEAD + b"Content-Length: 100\r\n\r\n{"):
        with connect(address) as connection:
            connection.sendall(sent)
    assert client.post("/annotate", json={"text": "fits"}).status_code == 200


def test_a_full_queue(closed: Event) -> None:
    nlp = toy()
    with running(nlp, queue=2) as address, ThreadPoolExecutor(3) as pool, client_of(address) as client:
        accepted = [pool.submit(client.post, "/annotate", json={"text": "wait 0"})]
        wait_until(lambda: nlp.get_pipe("obeys").seen)
        accepted += [pool.submit(client.post, "/annotate", json={"text": f"wait {i}"}) for i in (1, 2)]
        wait_until(lambda: client.get("/health").json()["waiting"] == 2)
        refused = client.post("/annotate", json={"text": "fits"})
        assert "2 requests" in check(refused, 503, "L644")
        assert int(refused.headers["retry-after"]) > 0
        closed.set()
        assert [one.result().status_code for one in accepted] == [200, 200, 200]
        assert client.post("/annotate", json={"text": "fits"}).status_code == 200


def test_no_answer_in_time(closed: Event) -> None:
    nlp = toy()
    with running(nlp, timeout=1) as address, ThreadPoolExecutor(2) as pool, client_of(address) as client:
        first = pool.submit(client.post, "/annotate", json={"text": "wait"})
        wait_until(lambda: nlp.get_pipe("obeys").seen)
        check(client.post("/annotate", json={"texts": ["given up", "as well"]}), 504, "L645")
        check(first.result(), 504, "L645")
        slow = raw(address, HEAD + b'Content-Length: 100\r\n\r\n{"text": ')
        assert slow.startswith(b"HTTP/1.1 504 ")
        closed.set()
        wait_until(lambda: client.post("/annotate", json={"text": "fits"}).status_code == 200)
    assert set(nlp.get_pipe("obeys").seen) == {"wait", "fits"}


def test_nothing_is_accepted_that_nobody_annotates() -> None:
    from spacy_litbert.serve.app import make_app

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(make_app(toy(), Settings()))  # which begins no worker
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return [await client.get("/health"), await client.post("/annotate", json={"text": "x"})]

    for response in asyncio.run(ask()):
        check(response, 503, "L648")

import sys
import time

import pytest

from ordercore.errors import AnswerLost, MissingExtra, NotSupported, Throttled, TransientFailure
from ordercore.ports import HttpRequest, MailRequest
from ordercore.transport import HttpTransport, Reach

LOCAL = Reach(private={"127.0.0.1"})


def answer(status, *headers, body=b""):
    head = "\r\n".join((f"HTTP/1.1 {status}", *headers, f"content-length: {len(body)}"))
    return head.encode() + b"\r\n\r\n" + body


def url(server, path="/hook"):
    return f"http://127.0.0.1:{server.port}{path}"


@pytest.fixture
def send():
    made = []

    def sending(request, reach=LOCAL, **settings):
        made.append(HttpTransport(reach, **settings))
        return made[-1].send(request)

    yield sending
    for one in made:
        one.close()


def test_a_request_goes_out_as_it_is_and_the_answer_comes_back(web_server, send):
    server = web_server(answer("201 Created", "X-Receipt: 7", body=b"taken"))
    response = send(HttpRequest("POST", url(server, "/hook?a=1"), {"Webhook-Id": "n1"}, b'{"a":1}'))
    assert (response.status, response.headers["x-receipt"], response.body) == (201, "7", b"taken")
    ((head, body),) = server.requests
    assert head.startswith("POST /hook?a=1 HTTP/1.1\r\n")
    assert "webhook-id: n1" in head.lower()
    assert f"host: 127.0.0.1:{server.port}" in head.lower()
    assert body == b'{"a":1}'


@pytest.mark.parametrize("status", ["204 No Content", "404 Not Found", "410 Gone", "500 Oops", "503 Down"])
def test_whatever_the_status_it_is_an_answer(web_server, send, status):
    assert send(HttpRequest("GET", url(web_server(answer(status))))).status == int(status[:3])


def test_no_redirect_is_followed(web_server, send):
    elsewhere = web_server()
    server = web_server(answer("302 Found", f"location: {url(elsewhere)}"))
    assert send(HttpRequest("POST", url(server), body=b"x")).status == 302
    assert not elsewhere.requests


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        ("429 Too Many", "Retry-After: 120", 120),
        ("503 Down", "Retry-After: Thu, 01 Jan 1970 00:01:40 GMT", 40),
        ("503 Down", "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("429 Too Many", "Retry-After: 999999999", 7 * 24 * 3600),
        ("429 Too Many", "Retry-After: soon", None),
        ("429 Too Many", "X-Nothing: said", None),
        ("429 Too Many", "Retry-After: ١٢", None),
    ],
)
def test_too_many_requests_say_when_again(web_server, send, status, header, seconds):
    with pytest.raises(Throttled) as caught:
        send(HttpRequest("GET", url(web_server(answer(status, header)))), clock=lambda: 60.0)
    assert caught.value.retry_after_seconds == seconds


def test_where_nobody_listens_it_certainly_did_not_arrive(send, closed_port):
    with pytest.raises(TransientFailure):
        send(HttpRequest("GET", f"http://127.0.0.1:{closed_port}/"))


def test_no_answer_may_mean_that_it_arrived(web_server, send):
    server = web_server(None)
    with pytest.raises(AnswerLost):
        send(HttpRequest("POST", url(server), body=b"x"))
    assert len(server.requests) == 1


def test_an_answer_that_takes_too_long_may_mean_that_it_arrived(web_server, send):
    with pytest.raises(AnswerLost):
        send(HttpRequest("POST", url(web_server(wait=3)), body=b"x", timeout_seconds=0.2))


def test_who_answers_a_byte_at_a_time_keeps_nobody_waiting(drip_server, send):
    begun = time.monotonic()
    with pytest.raises(AnswerLost):
        send(HttpRequest("POST", url(drip_server), body=b"x", timeout_seconds=0.3))
    assert time.monotonic() - begun < 2


def test_an_answer_that_is_cut_off_may_mean_that_it_arrived(web_server, send):
    with pytest.raises(AnswerLost):
        send(HttpRequest("POST", url(web_server(b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\nhalf"))))


def test_an_answer_beyond_the_bound_is_not_read_to_its_end(web_server, send):
    with pytest.raises(AnswerLost) as caught:
        send(HttpRequest("GET", url(web_server(answer("200 OK", body=b"x" * 5000)))), most_bytes=1000)
    assert caught.value.failure == "too_large"


def test_packed_answers_are_not_unpacked(web_server, send):
    server = web_server(answer("200 OK", "content-encoding: gzip", body=b"not really packed"))
    assert send(HttpRequest("GET", url(server))).body == b"not really packed"
    assert "accept-encoding: identity" in server.requests[0][0].lower()


@pytest.mark.parametrize(
    "request_",
    [
        HttpRequest("POST", "https://example.com/", {"x": "a\r\nhost: evil"}),
        HttpRequest("POST", "https://example.com/", {"x\nhost": "a"}),
        HttpRequest("POST / HTTP/1.1\r\nhost: evil\r\n\r\n", "https://example.com/"),
        HttpRequest("GET", "https://example.com/\r\nhost: evil"),
    ],
)
def test_no_header_brings_another(send, request_):
    with pytest.raises(NotSupported):
        send(request_, Reach(resolve=lambda host, port: ("93.184.216.34",)))


def test_the_host_header_is_ours(web_server, send):
    server = web_server()
    send(HttpRequest("GET", url(server), {"Host": "elsewhere"}))
    assert "elsewhere" not in server.requests[0][0]


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(web_server, send):
    server, asked = web_server(), []

    def rebinding(host, port):
        asked.append(host)
        return ("127.0.0.1",) if len(asked) == 1 else ("10.0.0.1",)

    send(
        HttpRequest("GET", f"http://shop.internal:{server.port}/"), Reach(private={"shop.internal"}, resolve=rebinding)
    )
    assert asked == ["shop.internal"]
    assert f"host: shop.internal:{server.port}" in server.requests[0][0].lower()


def test_loopback_is_refused_unless_the_host_allows_it(web_server, send):
    server = web_server()
    with pytest.raises(NotSupported):
        send(HttpRequest("GET", f"https://127.0.0.1:{server.port}/"), Reach())
    assert not server.requests


def test_it_sends_no_mail(send):
    with pytest.raises(NotSupported):
        send(MailRequest("a@example.com", ("b@example.com",), b""))


def test_without_httpx_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtra) as caught:
        HttpTransport()
    assert caught.value.extra == "http"

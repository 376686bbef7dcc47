import pytest

from ordercore.errors import NotSupported
from ordercore.ports import HttpRequest, HttpResponse, MailAccepted, MailRequest
from ordercore.testing import RecordedTransport
from ordercore.transport import FolderTransport, Routes

HTTP = HttpRequest("GET", "https://example.com/")
MAIL = MailRequest("a@example.com", ("b@example.com",), b"Subject: x\n\nhello\n", "<1@example.com>")


def test_each_kind_of_request_takes_its_own_way():
    http, mail = RecordedTransport(), RecordedTransport()
    routes = Routes(http=http, mail=mail)
    assert (routes.send(HTTP), routes.send(MAIL)) == (HttpResponse(200), MailAccepted())
    assert (http.sent, mail.sent) == ([HTTP], [MAIL])


@pytest.mark.parametrize(("request_", "kind"), [(HTTP, "http"), (MAIL, "mail")])
def test_a_kind_without_a_way_is_not_supported(request_, kind):
    with pytest.raises(NotSupported) as caught:
        Routes().send(request_)
    assert (caught.value.code, caught.value.capability) == ("not_supported", kind)


def test_a_folder_holds_each_message_once(tmp_path):
    folder = tmp_path / "new" / "outbox"
    for _ in range(2):
        assert FolderTransport(folder).send(MAIL) == MailAccepted()
    (file,) = folder.iterdir()
    assert (file.suffix, file.read_bytes()) == (".eml", MAIL.message)


def test_a_message_id_names_no_file_of_its_own(tmp_path):
    FolderTransport(tmp_path / "out").send(MailRequest("a@b.c", ("b@b.c",), b"x", "../../evil"))
    assert [file.name for file in tmp_path.iterdir()] == ["out"]


def test_a_folder_takes_mail_only(tmp_path):
    with pytest.raises(NotSupported):
        FolderTransport(tmp_path).send(HTTP)

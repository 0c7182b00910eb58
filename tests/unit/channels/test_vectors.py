"""Published and made-up vectors, against the product and against the simulator, which share no code."""

import json

import pytest

from guibin.channels.errors import WeChatCodeInvalid
from guibin.channels.session_key import SessionKey
from guibin_tools.wechat_simulator.groups.control import encrypt_user_data, user_data_signature
from guibin_tools.wechat_simulator.groups.login import session_signature

SESSION_KEY = "AAECAwQFBgcICQoLDA0ODw=="
IV = "EBESExQVFhcYGRobHB0eHw=="
APPID = "wxa1b2c3d4e5f60718"
OF_TEXT = "75c022993d64e3ac224c1c9d6f2b4c6eb53f22f6c7aa6be94428577d11d12fd5"
OF_BYTES = "07eff8b326b7798c9ccfcbdbe579489ac785a7995a04618b1a2813c26744777d"
RAW_DATA = '{"nickName":"VIP"}'
SIGNED = "7108724bc6e66a54deef5224cb4a68daeb928007"
PLAIN = (
    '{"phoneNumber":"13800000000","purePhoneNumber":"13800000000","countryCode":"86",'
    '"watermark":{"timestamp":1793800000,"appid":"wxa1b2c3d4e5f60718"}}'
)
ENCRYPTED = (
    "aLhedzo+Z6es5zW+YHo9snYC0yqzXTKggXNMQvhcyudkik75xObeE7YxlOkqVmhFK8f+LxhMgOYi9sTvM5HwmI782mFnqn3zZPlUfzWBBP/6qAGb"
    "f5iVZm6scZDBeHhAXMiAE9BmaMImLzOand3d7aakNByxXvtoiqw8lGrt2fwIVD1Um+3zd+GluSBbqlGNztMJ/xfMdva+9Q9VT9BSyw=="
)


def test_vector_7_the_proof_of_holding_a_session_key() -> None:
    assert SessionKey(SESSION_KEY).signature() == OF_TEXT
    assert session_signature(SESSION_KEY.encode()) == OF_TEXT
    assert session_signature(bytes(range(16))) == OF_BYTES


def test_vector_8_the_signature_of_open_data() -> None:
    assert user_data_signature(RAW_DATA, SESSION_KEY) == SIGNED
    assert SessionKey(SESSION_KEY).signs(RAW_DATA, SIGNED)


@pytest.mark.parametrize("signature", ["", SIGNED.upper(), SIGNED[:-1] + "8", "签名"])
def test_another_signature_of_open_data_is_refused(signature: str) -> None:
    assert not SessionKey(SESSION_KEY).signs(RAW_DATA, signature)


def test_vector_9_open_data_is_decrypted() -> None:
    assert SessionKey(SESSION_KEY).open(ENCRYPTED, IV, appid=APPID) == json.loads(PLAIN)
    assert encrypt_user_data(PLAIN, bytes(range(16, 32)), SESSION_KEY) == ENCRYPTED


@pytest.mark.parametrize(
    ("encrypted", "iv", "key", "appid"),
    [
        ("A" + ENCRYPTED[1:], IV, SESSION_KEY, APPID),
        (ENCRYPTED[:-4] + "AAAA", IV, SESSION_KEY, APPID),
        (ENCRYPTED[:-1], IV, SESSION_KEY, APPID),
        ("", IV, SESSION_KEY, APPID),
        ("~", IV, SESSION_KEY, APPID),
        (ENCRYPTED, IV, SESSION_KEY, "wx0000000000000000"),
        (ENCRYPTED, "AAAA", SESSION_KEY, APPID),
        (ENCRYPTED, IV, "AAECAwQFBgcICQoLDA0ODg==", APPID),
        (ENCRYPTED, IV, "AAEC", APPID),
    ],
    ids=["flipped", "bad pad", "cut", "empty", "no base64", "of another account", "bad iv", "other key", "short key"],
)
def test_open_data_that_is_not_ours_is_refused(encrypted: str, iv: str, key: str, appid: str) -> None:
    with pytest.raises(WeChatCodeInvalid):
        SessionKey(key).open(encrypted, iv, appid=appid)


def test_a_session_key_never_shows_itself() -> None:
    assert SESSION_KEY not in repr(SessionKey(SESSION_KEY))

"""Published and made-up vectors, against the simulator."""

from guibin_tools.wechat_simulator.groups.control import encrypt_user_data, user_data_signature
from guibin_tools.wechat_simulator.groups.login import session_signature

SESSION_KEY = "AAECAwQFBgcICQoLDA0ODw=="
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
    assert session_signature(SESSION_KEY.encode()) == OF_TEXT
    assert session_signature(bytes(range(16))) == OF_BYTES


def test_vector_8_the_signature_of_open_data() -> None:
    assert user_data_signature(RAW_DATA, SESSION_KEY) == SIGNED


def test_vector_9_open_data_is_encrypted() -> None:
    assert encrypt_user_data(PLAIN, bytes(range(16, 32)), SESSION_KEY) == ENCRYPTED

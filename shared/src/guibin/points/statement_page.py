"""A statement as a page to read and to print: no script, nothing from elsewhere, and a policy that holds it to that.

It names the customer by our id only: names and numbers are not printed here.
"""

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import Final

from guibin.core.ids import to_public
from guibin.points.report_rules import StatementLine
from guibin.points.service.statements import Statement, WalletStatement

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,'PingFang SC','Noto Sans CJK SC',sans-serif;color:#1c2733;max-width:46rem;"
    "margin:2rem auto;padding:0 1rem}h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}"
    "p{margin:.25rem 0;color:#51606f}table{border-collapse:collapse;width:100%}"
    "th,td{padding:.4rem .5rem;border-bottom:1px solid #d8dee5;text-align:left;font-weight:400}"
    "td{text-align:right;font-variant-numeric:tabular-nums}.sum th,.sum td{font-weight:600;color:#1c2733}"
    "@media print{body{margin:0;max-width:none}section{break-inside:avoid}}"
)
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page's Content-Security-Policy: its own style, by its hash, and nothing else."""

_WORDS: Final = {
    "zh": {
        "title": "积分对账单",
        "customer": "客户编号",
        "period": "账期",
        "open": "本期尚未结账，数据截至目前",
        "opening": "期初余额",
        "closing": "期末余额",
        "pending": "其中未计入余额的待生效积分",
        "debt": "期末欠分",
        "debt_paid": "本期抵扣欠分",
        "due": "到期积分",
        "until": "有效期至",
        StatementLine.EARNED: "获得",
        StatementLine.REDEEMED: "兑换",
        StatementLine.REFUNDED: "退还",
        StatementLine.CLAWED_BACK: "冲回",
        StatementLine.EXPIRED: "过期",
        StatementLine.ADJUSTED: "调整",
        StatementLine.TRANSFERRED: "转入转出",
    },
    "en": {
        "title": "Points statement",
        "customer": "Customer",
        "period": "Period",
        "open": "This period is not closed: figures so far",
        "opening": "Opening balance",
        "closing": "Closing balance",
        "pending": "Pending points, not in the balance",
        "debt": "Owed at the end",
        "debt_paid": "Paid of what was owed",
        "due": "Points due to expire",
        "until": "Last day",
        StatementLine.EARNED: "Earned",
        StatementLine.REDEEMED: "Redeemed",
        StatementLine.REFUNDED: "Given back",
        StatementLine.CLAWED_BACK: "Clawed back",
        StatementLine.EXPIRED: "Expired",
        StatementLine.ADJUSTED: "Adjusted",
        StatementLine.TRANSFERRED: "Transferred",
    },
}


def render(statement: Statement, *, language: str) -> str:
    """Write a statement as an HTML page in `zh` or `en`; serve it with `POLICY`."""
    words = _WORDS["en" if language == "en" else "zh"]
    title = f"{words['title']} {statement.first:%Y-%m}"
    note = "" if statement.closed else f"<p>{words['open']}</p>"
    wallets = "".join(_wallet(wallet, words, language) for wallet in statement.wallets)
    return (
        f'<!doctype html><html lang="{"en" if language == "en" else "zh-CN"}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>"
        f"<p>{words['customer']} {to_public('cus', statement.customer_id)}</p>"
        f"<p>{words['period']} {statement.first} – {statement.last}</p>{note}{wallets}</body></html>\n"
    )


def _wallet(own: WalletStatement, words: dict[str, str], language: str) -> str:
    english = language == "en"
    name = escape(own.wallet.name_en if english else own.wallet.name_zh)
    unit = escape(own.wallet.unit_en if english else own.wallet.unit_zh)
    rows = [_row(words["opening"], own.opening, of="sum")]
    rows += [_row(words[line], points, sign=True) for line, points in own.lines.items()]
    rows += [_row(words["closing"], own.closing, of="sum")]
    beside = (("pending", own.pending), ("debt", own.debt), ("debt_paid", own.debt_paid))
    rows += [_row(words[word], points) for word, points in beside if points]
    due = "".join(_row(f"{words['until']} {one.date}", one.points) for one in own.due)
    due = f"<h2>{words['due']}</h2><table>{due}</table>" if due else ""
    return f"<section><h2>{name} ({unit})</h2><table>{''.join(rows)}</table>{due}</section>"


def _row(label: str, points: int, *, of: str = "", sign: bool = False) -> str:
    figure = f"{points:+,}" if sign and points else f"{points:,}"
    attribute = f' class="{of}"' if of else ""
    return f'<tr{attribute}><th scope="row">{label}</th><td>{figure}</td></tr>'

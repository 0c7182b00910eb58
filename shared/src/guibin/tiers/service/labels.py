"""What approvers read of the terms of a scheme."""

from typing import Final

from guibin.approvals.handlers import Label

TERM_LABELS: Final = {
    "effective_from": Label("首日", "First day"),
    "effective_to": Label("失效日（当日不再有效）", "First day on which it is over"),
    "metric": Label("资产指标", "Asset metric"),
    "class_weights": Label("产品类别权重（%）", "Weights of product classes, in per cent"),
    "line_weights": Label("条线权重（%）", "Weights of lines, in per cent"),
    "net_from": Label("自该层级起按净资产", "First tier that asks for net assets"),
    "routes": Label("其他评定途径", "Other figures that give tiers"),
    "kind": Label("类别", "Kind"),
    "bounds": Label("起点", "Bounds"),
    "weights": Label("积分权重", "Points for each unit"),
    "assets": Label("资产", "Assets"),
    "debts": Label("负债", "Debts"),
    "spending": Label("消费", "Spending"),
    "transfers": Label("转账", "Transfers"),
    "household": Label("户主层级共享", "Heads of households pass their tier on"),
    "members": Label("人数上限", "To how many"),
    "highest": Label("最高层级", "Up to which tier"),
    "levels_below": Label("低几级", "How many levels lower"),
    "members_tag": Label("仅限持有该标签的客户", "Only for customers with this tag"),
    "up_at_once": Label("达标次日即升级", "Up the day after, not with the month"),
    "transition_months": Label("过渡期（月）", "Months below the line that lose a tier"),
    "keep_percent": Label("保级线（%）", "Keep line, in per cent of the line"),
    "downgrade": Label("降级方式", "Where somebody lands who falls"),
    "never_falls": Label("不降级的层级", "Tiers that are never lost"),
    "validity": Label("有效期", "How long a tier is safe"),
    "months": Label("月数", "Months"),
    "dates": Label("日期", "Dates"),
    "calendar": Label("固定评定日", "Fixed dates in place of months"),
}

"""Refusals about plans of assignment."""

from guibin.core.errors import Category, Refusal


class PlanNotReady(Refusal):
    """The plan is not in the state that this takes; `state` says in which it is."""

    category = Category.CONFLICT
    code = "plan_not_ready"
    zh = "该分配方案当前状态不允许此操作"
    en = "The plan is in another state than this takes"


class PlanStale(Refusal):
    """Customers of the plan have changed since it was computed; `customers` counts them, `examples` names some."""

    category = Category.CONFLICT
    code = "plan_stale"
    zh = "方案生成后部分客户情况已变化，请重新提交或重新测算"
    en = "Customers of the plan have changed since it was computed"


class PlanEmpty(Refusal):
    """Nobody changes hands by the plan."""

    category = Category.CONFLICT
    code = "plan_empty"
    zh = "该方案没有客户需要调整"
    en = "Nobody changes hands by this plan"


class ManagerLeaving(Refusal):
    """A plan for this manager's leave is open already, or the manager has left."""

    category = Category.CONFLICT
    code = "manager_leaving"
    zh = "该客户经理的离任方案已在办理或已离任"
    en = "A plan for this manager's leave is open already, or the manager has left"

"""How the database answers a query: for benchmarks, tests and operators, never for callers. No value of a query is told."""

from collections.abc import Iterator
from typing import Any

from hub.fhir.query import Query
from hub.ports import Visible
from hub.store.queries import matching
from hub.store.schema import Document, Mongo


def explain(database: Mongo, query: Query, visible: Visible) -> Document:
    """Of the first page: the shape of the filter, stages, indexes, and how many keys and documents it looked at."""
    wanted = matching(query, visible)
    plan = database.command(
        "explain",
        {
            "find": query.type,
            "filter": wanted,
            "sort": {"at": -1, "_id": -1},
            "limit": query.count or 50,
        },
        verbosity="executionStats",
    )
    stats = plan["executionStats"]
    stages = list(_stages(plan["queryPlanner"]["winningPlan"]))
    return {
        "filter": _masked(wanted),
        "stages": [stage["stage"] for stage in stages],
        "indexes": sorted({stage["indexName"] for stage in stages if "indexName" in stage}),
        "keys": stats["totalKeysExamined"],
        "documents": stats["totalDocsExamined"],
        "returned": stats["nReturned"],
        "ms": stats["executionTimeMillis"],
    }


def _stages(plan: Document) -> Iterator[Document]:
    if "stage" in plan:
        yield plan
    for below in (plan.get("queryPlan"), plan.get("inputStage"), *plan.get("inputStages", ())):
        if below:
            yield from _stages(below)


def _masked(node: Any) -> Any:
    """Fields and operators without their values; of a list of values how many."""
    if isinstance(node, dict):
        return {name: _masked(value) for name, value in node.items()}
    if isinstance(node, list | tuple):
        return [_masked(one) for one in node] if node and isinstance(node[0], dict) else f"{len(node)} ?"
    return node if isinstance(node, bool) else "?"

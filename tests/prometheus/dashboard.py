"""The queries of the dashboard, with its variables filled in."""
import json
import re

from world import DASHBOARDS

# A scrape a second has to be enough for a rate here.
BUILT_IN = {"__rate_interval": "30s", "__range": "5m"}
FILE = DASHBOARDS / "revokd.json"


def filled(query, variables):
    def value(match):
        name = match[1] or match[2]
        if name in BUILT_IN:
            return BUILT_IN[name]
        assert name in variables, f"there is no variable ${name}: {query}"
        return ".*"
    return re.sub(r"\$(?:(\w+)|\{(\w+)\})", value, query)


def queries():
    """What each query is for, and the query."""
    dashboard = json.loads(FILE.read_text())
    listed = dashboard["templating"]["list"]
    variables = {variable["name"] for variable in listed}
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield f"{panel['title']} {target['refId']}", filled(target["expr"], variables)
    for variable in listed:
        if variable["type"] == "query":
            series, _ = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"]).groups()
            yield f"${variable['name']}", filled(series, variables)

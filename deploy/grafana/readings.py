"""What the sensors say, drawn by Grafana from Sentinela's own API (docs/prometheus.md)."""

from deploy.grafana.panels import READINGS, Choice, Panel, Row, dashboard

# By quantity: how Grafana calls its unit.
UNITS = {"temperature": "celsius", "humidity": "humidity", "voltage": "volt", "current": "amp"}
CHOSEN = '{server_name=~"$server_name"}'
LEGEND = "{{server_name}}"


def of(quantity: str, function: str) -> str:
    """What the function makes of each server's readings between two points of the chart."""
    return f"{function}_over_time({quantity}{CHOSEN}[$__interval])"


def graph(title: str, queries: dict[str, str], quantity: str) -> Panel:
    return Panel(title, queries, UNITS[quantity], least=None)


NOW = Row(
    "Now",
    (
        Panel("Servers that send", {f"count(last_over_time(temperature{CHOSEN}[5m]))": "servers"}, stat=True),
        *(
            Panel(f"Highest {quantity}", {f"max({quantity}{CHOSEN})": quantity}, unit, stat=True, least=None)
            for quantity, unit in UNITS.items()
        ),
    ),
)
ROWS = tuple(
    Row(
        quantity.capitalize(),
        (
            graph("Mean", {of(quantity, "avg"): LEGEND}, quantity),
            graph(
                "Lowest and highest of all",
                {f"min({of(quantity, 'min')})": "lowest", f"max({of(quantity, 'max')})": "highest"},
                quantity,
            ),
        ),
    )
    for quantity in UNITS
)
DOCUMENT = dashboard(
    "sentinela-readings",
    "Sentinela: readings",
    (NOW, *ROWS),
    source=READINGS,
    choices=[Choice("server_name", "Server", "temperature")],
)

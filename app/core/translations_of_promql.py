"""Portuguese for what is told of a question in PromQL; `translations` takes it in."""

TITLES = {
    "Bad expression": "Expressão inválida",
    "The expression cannot be evaluated": "A expressão não pode ser calculada",
    "The query took too long": "A consulta demorou demais",
}

DETAILS = {
    "{what} is not supported; docs/prometheus.md lists what is.": (
        "{what}: não há suporte; docs/prometheus.md traz o que há."
    ),
    "match[] takes a plain selector such as {example}.": "match[] aceita um seletor simples, como {example}.",
    "The expression is too long: at most {length} characters and {tokens} words and signs.": (
        "A expressão é longa demais: no máximo {length} caracteres e {tokens} palavras e sinais."
    ),
    "The expression cannot be read: {reason}.": "Não foi possível ler a expressão: {reason}.",
    "At most {limit} regular expressions in one expression.": (
        "No máximo {limit} expressões regulares em uma expressão."
    ),
    "A range of readings is no value at an instant; use avg_over_time or the like.": (
        "Um intervalo de leituras não é um valor em um instante; use avg_over_time ou similar."
    ),
    "{name!r} is no name of a label.": "{name!r} não é nome de um rótulo.",
    "Two series of the result have the same labels; select one quantity, or aggregate.": (
        "Duas séries do resultado têm os mesmos rótulos; selecione uma grandeza ou agregue."
    ),
    "Several series on the {side} of an operator match the same one; name more labels in on(…), or aggregate.": (
        "Várias séries de um lado ({side}) do operador casam com a mesma; nomeie mais rótulos em on(…) ou agregue."
    ),
    "The answer has {values} values, more than {limit}; aggregate, use a longer step or a shorter range.": (
        "A resposta tem {values} valores, mais de {limit}; agregue, use um passo maior ou um período menor."
    ),
    "The query took longer than {seconds} s; ask for less, or allow it more time.": (
        "A consulta passou de {seconds} s; peça menos ou dê mais tempo a ela."
    ),
    "That is {values} values, more than {limit}; ask for fewer servers, a longer step or a shorter range.": (
        "São {values} valores, mais de {limit}; peça menos servidores, um passo maior ou um período menor."
    ),
    "This would take about {seconds} s, and {budget} s are allowed; ask for fewer servers, a longer step or a "
    "shorter range.": (
        "Isto levaria cerca de {seconds} s, e são permitidos {budget} s; peça menos servidores, um passo maior ou um "
        "período menor."
    ),
    "One window holds more than {limit} readings of a server; make it shorter.": (
        "Uma janela contém mais de {limit} leituras de um servidor; encurte-a."
    ),
    "There are more than {limit} readings; ask for a shorter range.": (
        "Há mais de {limit} leituras; peça um período menor."
    ),
}

MESSAGES = {
    "unix_or_rfc3339": "Deve ser em segundos Unix, como 1767225600.5, ou RFC 3339, como 2026-01-01T00:00:00Z",
    "promql_duration": "Deve ser uma duração de ao menos um milissegundo, como 15s, 1h30m, ou em segundos",
    "promql_order": "end não pode vir antes de start",
    "promql_points": "São mais de {limit} pontos por série: use um passo maior ou um período menor",
}

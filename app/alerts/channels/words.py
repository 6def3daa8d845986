"""The words of messages to people, by language; both have the same keys."""

LANGUAGES = ("en", "pt")
SEVERITIES = {
    "en": {"info": "info", "warning": "warning", "critical": "critical"},
    "pt": {"info": "informação", "warning": "aviso", "critical": "crítico"},
}
WORDS = {
    "en": {
        "opened": "[{severity}] {rule}: {servers}",
        "reopened": "[{severity}] {rule}: {servers} again; it comes and goes, and only its lasting end will be told",
        "acknowledged": "[acknowledged] {rule}: {servers}",
        "resolved": "[resolved] {rule}: {servers}",
        "servers": "{count} servers",
        "line": "{server}: {reason}",
        "by": ", by {actor}",
        "above": "(above {level:g})",
        "below": "(below {level:g})",
        "offline": "offline since {since}",
        "more": "… and {count} more",
        "remark": "{text}",
        "test_title": "A test of Sentinela",
        "test": "The channel {channel} works.",
    },
    "pt": {
        "opened": "[{severity}] {rule}: {servers}",
        "reopened": "[{severity}] {rule}: {servers} de novo; vai e volta, e só o seu fim duradouro será avisado",
        "acknowledged": "[assumido] {rule}: {servers}",
        "resolved": "[resolvido] {rule}: {servers}",
        "servers": "{count} servidores",
        "line": "{server}: {reason}",
        "by": ", por {actor}",
        "above": "(acima de {level:g})",
        "below": "(abaixo de {level:g})",
        "offline": "sem sinal desde {since}",
        "more": "… e mais {count}",
        "remark": "{text}",
        "test_title": "Um teste do Sentinela",
        "test": "O canal {channel} funciona.",
    },
}

"""Portuguese for what the API says to people; keys are the English templates, a missing one stays English."""

from app.core import translations_of_promql as promql
from app.core import translations_of_sign_in as sign_in

TITLES = promql.TITLES | {
    "Internal server error": "Erro interno do servidor",
    "Authentication required": "Autenticação necessária",
    "Not allowed": "Não permitido",
    "Not found": "Não encontrado",
    "Conflict": "Conflito",
    "Request too large": "Requisição grande demais",
    "Unsupported media type": "Tipo de mídia não suportado",
    "Invalid input": "Entrada inválida",
    "Too many requests": "Requisições demais",
    "Temporarily unavailable": "Temporariamente indisponível",
    "Redis is unavailable": "O Redis está indisponível",
    "Too many streams": "Fluxos demais",
    "Query too expensive": "Consulta pesada demais",
    "Not acceptable": "Forma não disponível",
    "Cache full": "Cache cheio",
    "Method not allowed": "Método não permitido",
    "Some points were not stored": "Alguns pontos não foram gravados",
}

DETAILS: dict[str, str] = {
    **promql.DETAILS,
    **sign_in.DETAILS,
    "Send Authorization: Token <key>, Bearer <key>, or Basic with the key as the password.": (
        "Envie Authorization: Token <chave>, Bearer <chave>, ou Basic com a chave como senha."
    ),
    # InfluxDB's clients look for these words.
    "partial write: {lines}; dropped={dropped}": "partial write: {lines}; dropped={dropped}",
    "No secret stands in a URL: send it as Authorization: Token <key>.": (
        "Nenhum segredo vai na URL: envie-o como Authorization: Token <chave>."
    ),
    "The server failed to answer; the log has the cause under this request_id.": (
        "O servidor não conseguiu responder; o log traz a causa sob este request_id."
    ),
    "The database took too long; ask for less, or try again later.": "O banco de dados demorou demais; peça menos ou "
    "tente mais tarde.",
    "The database does not answer; try again in a moment.": (
        "O banco de dados não responde; tente de novo em instantes."
    ),
    "Redis does not answer; try again in a moment.": "O Redis não responde; tente de novo em instantes.",
    "There is nothing at this path.": "Não há nada neste caminho.",
    "This path does not take this method; see Allow.": "Este caminho não aceita este método; veja Allow.",
    "The request has {count} invalid fields.": "A requisição tem {count} campos inválidos.",
    "The request has 1 invalid field.": "A requisição tem 1 campo inválido.",
    "The body is larger than {limit} bytes; send less at once, or a file to POST /imports.": (
        "O corpo passa de {limit} bytes; envie menos por vez, ou um arquivo a POST /imports."
    ),
    "Send a credential: Authorization: Bearer <token or key>.": (
        "Envie uma credencial: Authorization: Bearer <token ou chave>."
    ),
    "This access token is not valid, or its session has ended.": (
        "Este token de acesso não é válido, ou sua sessão terminou."
    ),
    "This refresh token is not valid, or its session has ended.": (
        "Este token de renovação não é válido, ou sua sessão terminou."
    ),
    "This key is not valid, has expired or was revoked.": "Esta chave não é válida, expirou ou foi revogada.",
    "This person also belongs elsewhere: ask an administrator of the installation.": (
        "Esta pessoa também participa de outros espaços: peça a um administrador da instalação."
    ),
    "The username {username!r} is taken.": "O nome de usuário {username!r} já existe.",
    "Registration is closed on this installation.": "O cadastro está fechado nesta instalação.",
    "Only who is invited, or an administrator adds, registers on this installation.": (
        "Só se cadastra nesta instalação quem foi convidado ou um administrador adiciona."
    ),
    "Only an administrator of the installation may see its users.": (
        "Só um administrador da instalação pode ver seus usuários."
    ),
    "Only an administrator of the installation may do this.": "Só um administrador da instalação pode fazer isto.",
    "This needs a user's access token; a key does not do.": (
        "Isto requer o token de acesso de um usuário; uma chave não basta."
    ),
    "This credential may not do this: it lacks the scope {scope!r}.": (
        "Esta credencial não pode fazer isto: falta o escopo {scope!r}."
    ),
    "A device key may only send its own server's readings.": (
        "Uma chave de dispositivo só pode enviar leituras do seu próprio servidor."
    ),
    "This browser is not signed in: POST /auth/session.": "Este navegador não tem sessão: POST /auth/session.",
    "This request comes from another site.": "Esta requisição vem de outro site.",
    "Send the csrf_token of GET /auth/session in the header Sentinela-CSRF.": (
        "Envie o csrf_token de GET /auth/session no cabeçalho Sentinela-CSRF."
    ),
    "You belong to no workspace: accept an invitation, or POST /workspaces.": (
        "Você não pertence a nenhum workspace: aceite um convite, ou POST /workspaces."
    ),
    "You have no workspace {workspace!r}.": "Você não tem o workspace {workspace!r}.",
    "There is no server {server!r} in this workspace.": "Não há servidor {server!r} neste workspace.",
    "A server named {name!r} exists in this workspace.": "Já existe um servidor chamado {name!r} neste workspace.",
    "There is no member {user!r} in this workspace.": "Não há membro {user!r} neste workspace.",
    "There is no invitation {invitation!r} in this workspace.": "Não há convite {invitation!r} neste workspace.",
    "This invitation is not valid, has expired or was used.": "Este convite não é válido, expirou ou já foi usado.",
    "You belong to the workspace {workspace!r} already.": "Você já pertence ao workspace {workspace!r}.",
    "A workspace keeps an administrator: make another member one first.": (
        "Um workspace mantém um administrador: torne antes outro membro administrador."
    ),
    "You are the last administrator of {workspace!r}: hand it over first.": (
        "Você é o último administrador de {workspace!r}: passe-o antes a outra pessoa."
    ),
    "You are the last administrator of this installation: its accounts would have none.": (
        "Você é o último administrador desta instalação: suas contas ficariam sem nenhum."
    ),
    "This link is not valid, has expired or was used; ask for a new one.": (
        "Este link não é válido, expirou ou já foi usado; peça um novo."
    ),
    "This installation sends no mail: ask its administrator for `sentinela users reset`.": (
        "Esta instalação não envia e-mail: peça ao administrador `sentinela users reset`."
    ),
    "Too many wrong passwords or codes; try again in {seconds} s.": (
        "Senhas ou códigos errados demais; tente de novo em {seconds} s."
    ),
    "There is no session {session!r} of yours.": "Você não tem a sessão {session!r}.",
    "There is no user {user!r} on this installation.": "Não há usuário {user!r} nesta instalação.",
    "There is no key {key!r} in this workspace.": "Não há chave {key!r} neste workspace.",
    "There is no job {job!r} in this workspace.": "Não há tarefa {job!r} neste workspace.",
    "This job has ended already: it is {state}.": "Esta tarefa já terminou: está {state}.",
    "This job cannot be stopped: what it deletes is out of reach already.": (
        "Esta tarefa não pode ser interrompida: o que ela apaga já está fora de alcance."
    ),
    "Only a failed or cancelled job can be tried again; this one is {state}.": (
        "Só uma tarefa que falhou ou foi cancelada pode ser tentada de novo; esta está {state}."
    ),
    "This rule does not look at the server {server!r}.": "Esta regra não observa o servidor {server!r}.",
    "There is no rule {rule!r} in this workspace.": "Não há regra {rule!r} neste workspace.",
    "A rule named {name!r} exists in this workspace.": "Já existe uma regra chamada {name!r} neste workspace.",
    "There is no incident {incident!r} in this workspace.": "Não há incidente {incident!r} neste workspace.",
    "This incident is resolved already.": "Este incidente já está resolvido.",
    "You have no saved view {view!r} in this workspace.": "Você não tem a visão salva {view!r} neste workspace.",
    "You have a saved view named {name!r} already.": "Você já tem uma visão salva chamada {name!r}.",
    "You have {limit} saved views; delete one first.": "Você tem {limit} visões salvas; exclua uma antes.",
    "There is no silence {silence!r} in this workspace.": "Não há silêncio {silence!r} neste workspace.",
    "This silence has ended already; make a new one.": "Este silêncio já terminou; crie outro.",
    "There is no channel {channel!r} in this workspace.": "Não há canal {channel!r} neste workspace.",
    "A channel named {name!r} exists in this workspace.": "Já existe um canal chamado {name!r} neste workspace.",
    "There is no notification {notification!r} in this workspace.": (
        "Não há notificação {notification!r} neste workspace."
    ),
    "Only a dead notification can be sent again; this one is {state}.": (
        "Só uma notificação abandonada pode ser reenviada; esta está {state}."
    ),
    "There is no entry {key!r}, or it has expired.": "Não há entrada {key!r}, ou ela expirou.",
    "This workspace holds {limit} cache entries already; let some expire first.": (
        "Este workspace já tem {limit} entradas no cache; deixe algumas expirarem antes."
    ),
    "More readings are waiting than {limit}; send again after a moment.": (
        "Há mais de {limit} leituras na fila; envie de novo em instantes."
    ),
    "More than {limit} large requests are waiting; send again later.": (
        "Há mais de {limit} requisições grandes na fila; envie de novo mais tarde."
    ),
    "The opened body is larger than {limit} bytes.": "O corpo descomprimido passa de {limit} bytes.",
    "The body opens to more than {limit} times its size.": "O corpo se expande a mais de {limit} vezes o seu tamanho.",
    "A body of this Content-Type is not taken; send one of: {known}.": (
        "Um corpo deste Content-Type não é aceito; envie um destes: {known}."
    ),
    "A body of this Content-Encoding is not taken; send gzip, zstd or none.": (
        "Um corpo deste Content-Encoding não é aceito; envie gzip, zstd ou nenhum."
    ),
    "Parquet is compressed inside: send it without Content-Encoding.": (
        "Parquet já é comprimido por dentro: envie-o sem Content-Encoding."
    ),
    "There is no receipt {receipt!r} in this workspace; they are kept for a day.": (
        "Não há recibo {receipt!r} neste workspace; eles são guardados por um dia."
    ),
    "Past the limit {policy!r} of {limit} in {window} seconds; send again after {seconds} s.": (
        "Acima do limite {policy!r} de {limit} em {window} segundos; envie de novo após {seconds} s."
    ),
    "This process serves {limit} streams already; try again later.": (
        "Este processo já serve {limit} fluxos; tente de novo mais tarde."
    ),
    "This export is {state}; its file is there when it is done.": (
        "Esta exportação está {state}; o arquivo estará disponível quando ela terminar."
    ),
    "The file of this export is gone; files are kept for a day.": (
        "O arquivo desta exportação não existe mais; os arquivos são guardados por um dia."
    ),
    "The file is larger than {limit} bytes.": "O arquivo passa de {limit} bytes.",
    "This would take about {seconds} s, and {budget} s are allowed; a cheaper query is in `cheaper`.": (
        "Isto levaria cerca de {seconds} s, e são permitidos {budget} s; uma consulta mais leve está em `cheaper`."
    ),
    "The process that answers heavy questions has ended; ask again in a moment.": (
        "O processo que responde às consultas pesadas terminou; consulte de novo em instantes."
    ),
    "Too many questions wait already; ask again in a few seconds.": (
        "Já há consultas demais na fila; tente de novo em alguns segundos."
    ),
    "No such form of the answer; Accept one of: {known}.": (
        "Não há essa forma da resposta; Accept deve ser um destes: {known}."
    ),
}

# By pydantic's kind of error; the placeholders are its context.
MESSAGES = promql.MESSAGES | {
    "unicode": "O corpo deve ser UTF-8",
    "missing": "Campo obrigatório",
    "extra_forbidden": "Campo desconhecido",
    "json_invalid": "JSON inválido: {error}",
    "float_type": "Deve ser um número",
    "float_parsing": "Deve ser um número",
    "finite_number": "Deve ser um número finito",
    "int_type": "Deve ser um número inteiro",
    "int_parsing": "Deve ser um número inteiro",
    "int_from_float": "Deve ser um número inteiro",
    "bool_type": "Deve ser verdadeiro ou falso",
    "bool_parsing": "Deve ser verdadeiro ou falso",
    "string_type": "Deve ser um texto",
    "string_unicode": "Deve ser um texto Unicode válido",
    "string_too_short": "Deve ter ao menos {min_length} caracteres",
    "string_too_long": "Deve ter no máximo {max_length} caracteres",
    "string_pattern_mismatch": "Não tem a forma esperada",
    "greater_than": "Deve ser maior que {gt}",
    "greater_than_equal": "Deve ser maior ou igual a {ge}",
    "less_than": "Deve ser menor que {lt}",
    "less_than_equal": "Deve ser menor ou igual a {le}",
    "literal_error": "Deve ser {expected}",
    "enum": "Deve ser {expected}",
    "list_type": "Deve ser uma lista",
    "dict_type": "Deve ser um objeto",
    "model_type": "Deve ser um objeto",
    "model_attributes_type": "Deve ser um objeto",
    "too_long": "Deve ter no máximo {max_length} itens",
    "too_short": "Deve ter ao menos {min_length} itens",
    "datetime_type": "Deve ser um instante ISO 8601",
    "instant": "Deve ser um instante ISO 8601, como 2026-01-31T12:00:00Z",
    "instant_range": "Não existe tal instante no calendário",
    "instant_past": "Deve ficar no futuro",
    "text": "Não pode ter caracteres de controle",
    "blank": "Não pode ficar em branco",
    "no_value": "Envie ao menos um valor: {names}",
    "time_zone": "Deve ser um fuso horário da base IANA, como America/Sao_Paulo",
    "one_level": "Informe exatamente um de above, below, outside e inside",
    "band_order": "low deve ser menor que high",
    "hysteresis_room": "hysteresis não deixa valor entre low e high em que a regra termine",
    "schedule_hours": "start e end devem diferir; um dia inteiro é 00:00 a 24:00",
    "rule_or_id": "Informe rule ou rule_id, e só um deles",
    "union_tag_invalid": "Deve ser um destes: {expected_tags}",
    "union_tag_not_found": "Falta o campo kind",
    "url": "Deve ser um endereço como https://example.com/hook, sem senha nele",
    "too_many_tags": "Um servidor tem no máximo {limit} etiquetas",
    "text_or_absent": "{field} deve ser um texto; omita-o para mantê-lo",
    "cursor": "Deve ser o cursor de uma página anterior, como Link o deu",
    "value_range": "Deve ser uma grandeza e sua faixa, como temperature:-10..60",
    "too_large": "Deve ter no máximo {limit} bytes, não {size}",
    "empty_file": "O arquivo está vazio",
    "channel_kind": "Deve ser um destes: {expected}",
    "channel_field": "Um canal do tipo {of} não tem {name}",
    "smtp_password": "Uma senha requer security: starttls ou tls",
    "smtp_login": "Informe username e password, ou nenhum dos dois",
    "no_mail_server": (
        "Esta instalação não tem servidor de e-mail: informe um em smtp, ou peça ao operador que defina SMTP_URL"
    ),
    "silence_order": "until deve vir depois de starts_at",
    "silence_length": "Um silêncio termina depois do começo, e em até 366 dias",
    "range_order": "start_time deve vir antes de end_time",
    "needs_range": "Informe start_time, end_time ou ambos",
    "needs_aggregation": "group_by requer aggregation ou function",
    "fill_needs_aggregation": "fill requer aggregation",
    "cursor_needs_limit": "cursor requer limit",
    "points_or_pages": "max_points e limit se excluem",
    "other_query": "Pertence a outra consulta; repita os parâmetros dela",
    "no_such_function": "Deve ser um destes: {expected}, ou um percentil como p95 ou p99.9",
    "condition": "Deve comparar uma grandeza com um número, como temperature>30",
    "no_interval": "coverage requer interval_seconds de cada servidor; {server} não o declara",
    "too_few_points": "Com tantas colunas, ao menos {fewest}",
    "too_many_cells": "São {cells} valores, mais que {limit}; use um intervalo maior ou um período menor",
    "too_many_values": "Valores distintos demais para percentis exatos; use um intervalo ou período menor",
    "unknown_column": "O corpo não tem a coluna {column!r}",
    "quantity_name": "O nome de uma grandeza são letras minúsculas, dígitos e _, a partir de uma letra, no máximo 63",
    "reserved_name": "Nenhuma grandeza pode ter este nome",
    "near_miss": "Campo desconhecido; quis dizer {meant}?",
    "too_many_quantities": "O workspace já tem {limit} grandezas próprias",
    "no_such_quantity": "Deve ser um destes: {expected}",
    "idempotency_key": "Esta chave deve ter de 1 a {limit} caracteres imprimíveis",
    "idempotency_key_reused": "Esta chave já veio com outra requisição; use uma nova para outras leituras",
    "idempotency_key_without_credential": "Esta chave pertence a um workspace: envie uma credencial com ela",
    "instant_column": "Deve conter instantes ou texto ISO 8601",
    "text_column": "Deve conter texto: o ULID do servidor",
    "number_column": "A coluna de {name} deve conter números",
    "too_many_columns": "Mais de {limit} colunas",
    "too_many_names": "Mais de {limit} grandezas diferentes de uma vez",
    "column_twice": "A coluna aparece duas vezes",
    "no_quantity_column": "O corpo não tem coluna de nenhuma grandeza",
    "unreadable_body": "O corpo não pôde ser lido: {reason}",
    "damaged_body": "O corpo comprimido está danificado: {reason}",
    "line_too_long": "Uma linha passa de {limit} bytes",
    "header_too_long": "O cabeçalho passa de {limit} bytes",
    "no_header": "O corpo está vazio: a primeira linha deve dar nome às colunas",
    "ragged_row": "A linha tem {have} células; o cabeçalho, {want}",
}

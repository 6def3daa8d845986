"""Portuguese for what is told of a sign-in, by code or by provider; `translations` takes it in."""

DETAILS = {
    "Wrong username or password.": "Usuário ou senha incorretos.",
    "Send the code of your authenticator, or a recovery code, as totp.": (
        "Informe em totp o código do seu autenticador ou um código de recuperação."
    ),
    "This code is wrong, has expired or was used; wait for the next one.": (
        "Este código está errado, venceu ou já foi usado; espere o próximo."
    ),
    "Signing in takes no code of this account.": "Esta conta entra sem código.",
    "Signing in takes a code already: turn that off first.": "Esta conta já entra com código: desative-o primeiro.",
    "Nothing to confirm: begin with POST /auth/totp.": "Nada a confirmar: comece com POST /auth/totp.",
    "This installation has no OIDC provider.": "Esta instalação não tem provedor OIDC.",
    "This sign-in was not begun in this browser, or took longer than ten minutes.": (
        "Esta entrada não foi iniciada neste navegador, ou demorou mais de dez minutos."
    ),
    "The provider does not answer as it should; try again in a moment.": (
        "O provedor não responde como deveria; tente de novo em instantes."
    ),
    "The provider did not let you in.": "O provedor não autorizou a sua entrada.",
    "The provider's answer does not prove who you are.": "A resposta do provedor não prova quem você é.",
    "You have no account on this installation yet, and it takes nobody in unasked.": (
        "Você ainda não tem conta nesta instalação, e ela não aceita quem não foi convidado."
    ),
    "Not begun in this session, too old, or the password has changed since: begin again.": (
        "Não começou nesta sessão, demorou demais, ou a senha mudou desde então: comece de novo."
    ),
    "Your account is connected to another identity of this provider: disconnect that first.": (
        "A sua conta está conectada a outra identidade deste provedor: desconecte aquela primeiro."
    ),
    "This identity of the provider opens another account here already.": (
        "Esta identidade do provedor já abre outra conta daqui."
    ),
    "Your account is not connected to this identity.": "A sua conta não está conectada a esta identidade.",
    "The provider tells no name for you that an account can have.": (
        "O provedor não informa um nome seu que uma conta possa ter."
    ),
}

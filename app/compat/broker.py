"""The connection to an MQTT broker, by paho: version 5, a session that the broker keeps, acknowledgements by hand."""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from app.compat.bridge import Message
from app.compat.payloads import TOPIC

DEAD_LETTERS = "sentinela/dead-letters"
PORTS = {"mqtt": 1883, "mqtts": 8883}
# So many messages may be on their way without an acknowledgement: two requests' worth.
IN_FLIGHT = 2000
# The broker keeps for so long what comes while no bridge is there.
SESSION_SECONDS = 7 * 24 * 3600
MAX_RECONNECT_SECONDS = 10
WAIT_SECONDS = 1.0
_QOS = 1

log = structlog.get_logger()


class BadAddress(ValueError):
    """An address that names no broker, and why."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the broker is; the password stays out of repr and logs."""

    host: str
    port: int
    tls: bool
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def address(url: str) -> Address:
    """`mqtt://user:password@host:1883` or `mqtts://…`. Raises: BadAddress."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in PORTS or not parts.hostname:
        raise BadAddress("expected mqtt://user:password@host:1883, or mqtts:// for TLS")
    name, secret = (part and unquote(part) for part in (parts.username, parts.password))
    return Address(parts.hostname, port or PORTS[parts.scheme], parts.scheme == "mqtts", name, secret)


class PahoBroker:
    """Connects in the background, and again whenever the connection is lost."""

    def __init__(self, to: Address, client_id: str, share: str, receive: Callable[[Message], None]) -> None:
        self._topic = f"$share/{share}/{TOPIC}" if share else TOPIC
        self._receive = receive
        self._client = client = Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True
        )
        if to.username is not None:
            client.username_pw_set(to.username, to.password)
        if to.tls:
            client.tls_set_context(ssl.create_default_context())
        client.reconnect_delay_set(1, MAX_RECONNECT_SECONDS)
        client.on_connect, client.on_message = self._connected, self._came
        client.on_disconnect, client.on_subscribe = self._disconnected, self._subscribed
        client.connect_async(to.host, to.port, clean_start=False, properties=_session())
        client.loop_start()

    def acknowledge(self, message: Message) -> None:
        if message.number:
            self._client.ack(message.number, _QOS)

    def publish_dead(self, letter: bytes, stop: threading.Event) -> bool:
        """Returns when the broker has it; False: told to stop before."""
        while not stop.is_set():
            sent = self._client.publish(DEAD_LETTERS, letter, qos=_QOS)
            try:
                sent.wait_for_publish(WAIT_SECONDS)
            except RuntimeError:
                stop.wait(WAIT_SECONDS)  # not connected
            if sent.is_published():
                return True
        return False

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client: Client, _: Any, flags: ConnectFlags, reason: ReasonCode, *__: Any) -> None:
        if reason.is_failure:
            log.warning("broker_refused", reason=str(reason))
            return
        log.info("broker_connected", session_present=flags.session_present, topic=self._topic)
        client.subscribe(self._topic, options=SubscribeOptions(qos=_QOS))

    def _subscribed(self, _: Client, __: Any, ___: int, reasons: list[ReasonCode], *____: Any) -> None:
        """A broker that lets the bridge in may still keep the topic from it; then nothing would ever come."""
        for reason in reasons:
            if reason.is_failure:
                log.error("subscription_refused", topic=self._topic, reason=str(reason))

    def _disconnected(self, _: Client, __: Any, ___: Any, reason: ReasonCode, *____: Any) -> None:
        if reason.is_failure:
            log.warning("broker_lost", reason=str(reason))

    def _came(self, _: Client, __: Any, message: MQTTMessage) -> None:
        self._receive(Message(message.topic, bytes(message.payload), message.mid if message.qos else 0))


def _session() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = SESSION_SECONDS
    properties.ReceiveMaximum = IN_FLIGHT
    return properties

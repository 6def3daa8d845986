"""Sentinela: sensor data of on-premise servers, taken in durably and answered exactly."""

__version__ = "0.1.0"

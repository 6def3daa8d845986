"""Sentinela: sensor data of on-premise servers, taken in durably and answered exactly."""

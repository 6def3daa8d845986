// Sends a reading a second to Sentinela over plain HTTP, from an ESP32 with the Arduino core (2.0 or newer).
//
// No library beside the core's own. The clock comes by NTP; nothing is measured before it is right, because a reading
// with its own timestamp can be sent again without being stored twice. What waits while the network is away is kept
// in RAM: WAITING readings, then the oldest are dropped, and the serial port says so. A reset loses them.

#include <HTTPClient.h>
#include <WiFi.h>
#include <sys/time.h>
#include <time.h>

const char *WIFI_NAME = "your-network";
const char *WIFI_PASSWORD = "your-password";
const char *URL = "http://192.168.1.10:8000/data";
const char *KEY = "snt_d_your_device_key";               // POST /servers shows it once
const char *SERVER = "01ARZ3NDEKTSV4RRFFQ69G5FAV";        // its server_ulid

const unsigned long MILLIS_BETWEEN = 1000;
const int WAITING = 600;   // 10 minutes at one a second, some 10 KB
const int BATCH = 50;      // readings a request, some 6 KB of JSON
const time_t CLOCK_IS_RIGHT = 1700000000;

struct Reading {
  uint32_t seconds;        // since 1970, UTC
  uint16_t milliseconds;
  float temperature;
  float humidity;
};

Reading ring[WAITING];
int oldest = 0, count = 0;
unsigned long lastMeasured = 0, nextTry = 0;
int failures = 0;

// Put your sensor in here.
void measure(Reading &into) {
  into.temperature = 22.0 + random(0, 10) / 10.0;
  into.humidity = 48.0 + random(0, 10) / 10.0;
}

void keep() {
  struct timeval now;
  gettimeofday(&now, nullptr);
  if (now.tv_sec < CLOCK_IS_RIGHT) return;
  if (count == WAITING) {
    Serial.println("dropped the oldest reading: no room");
    oldest = (oldest + 1) % WAITING;
    count--;
  }
  Reading &reading = ring[(oldest + count) % WAITING];
  reading.seconds = now.tv_sec;
  reading.milliseconds = now.tv_usec / 1000;
  measure(reading);
  count++;
}

String asJson(int first, int last) {
  String body = "[";
  body.reserve((last - first) * 140 + 2);
  for (int i = first; i < last; i++) {
    const Reading &reading = ring[(oldest + i) % WAITING];
    char at[24], line[180];
    time_t seconds = reading.seconds;
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(line, sizeof line,
             "%s{\"server_ulid\":\"%s\",\"timestamp\":\"%s.%03uZ\",\"temperature\":%.1f,\"humidity\":%.1f}",
             i == first ? "" : ",", SERVER, at, reading.milliseconds, reading.temperature, reading.humidity);
    body += line;
  }
  return body + "]";
}

// 201: stored, up to what the receipt names. 400, 413 and 422: refused for good. All else is tried again.
void sendSome() {
  int some = min(count, BATCH);
  HTTPClient http;
  http.setTimeout(15000);
  if (!http.begin(URL)) return;
  http.addHeader("Content-Type", "application/json");
  http.addHeader("Authorization", String("Bearer ") + KEY);
  int status = http.POST(asJson(0, some));
  String answer = http.getString();
  http.end();
  bool refused = status == 400 || status == 413 || status == 422;
  if (status != 201) Serial.printf("HTTP %d: %s\n", status, answer.c_str());
  if (status == 201 || refused) {
    oldest = (oldest + some) % WAITING;
    count -= some;
    failures = 0;
    return;
  }
  // Twice as long each time, up to a minute, and spread, so that a hundred devices do not come back at one moment.
  unsigned long pause = min(60000UL, 500UL << min(failures++, 7));
  nextTry = millis() + pause / 2 + random(0, pause / 2);
}

void setup() {
  Serial.begin(115200);
  WiFi.mode(WIFI_STA);
  WiFi.setAutoReconnect(true);
  WiFi.begin(WIFI_NAME, WIFI_PASSWORD);
  configTime(0, 0, "pool.ntp.org");
}

void loop() {
  if (millis() - lastMeasured >= MILLIS_BETWEEN) {
    lastMeasured = millis();
    keep();
  }
  if (count && WiFi.status() == WL_CONNECTED && (long)(millis() - nextTry) >= 0) sendSome();
  delay(5);
}

// Sends a reading a second to Sentinela, with .NET 8 alone.
//
//   SENTINELA_URL=http://localhost:8000 SENTINELA_KEY=snt_d_… SENTINELA_SERVER=01J… dotnet run --project examples/csharp
//
// The key and the server's ULID are what POST /servers answered. Each reading has its timestamp from the start, so
// sending it again changes nothing. What waits is kept in memory: a process that ends loses it.

using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Threading.Channels;

string Setting(string name) =>
    Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"set {name}");

var url = Setting("SENTINELA_URL").TrimEnd('/');
var server = Setting("SENTINELA_SERVER");
using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Setting("SENTINELA_KEY"));

// Bounded: when it is full the measuring waits, and memory stays flat.
var waiting = Channel.CreateBounded<Dictionary<string, object>>(100_000);
using var ended = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) => { pressed.Cancel = true; ended.Cancel(); };
var sending = SendAsync();

try
{
    while (true)
    {
        await waiting.Writer.WriteAsync(Measure(), ended.Token);
        await Task.Delay(TimeSpan.FromSeconds(1), ended.Token);
    }
}
catch (OperationCanceledException)
{
    waiting.Writer.Complete();
    await Task.WhenAny(sending, Task.Delay(TimeSpan.FromSeconds(10)));
}

// Put your sensor in here.
Dictionary<string, object> Measure() => new()
{
    ["server_ulid"] = server,
    // To the microsecond: "O" has a digit more than Sentinela keeps.
    ["timestamp"] = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture),
    ["temperature"] = Math.Round(22 + Random.Shared.NextDouble(), 1),
    ["humidity"] = Math.Round(48 + Random.Shared.NextDouble(), 1),
    ["voltage"] = Math.Round(219 + 2 * Random.Shared.NextDouble(), 1),
    ["current"] = Math.Round(1 + Random.Shared.NextDouble(), 2),
};

async Task SendAsync()
{
    while (await waiting.Reader.WaitToReadAsync())
    {
        // The receipt names each refused reading of a thousand.
        var batch = new List<Dictionary<string, object>>();
        while (batch.Count < 1000 && waiting.Reader.TryRead(out var reading)) batch.Add(reading);
        for (var attempt = 0; ; attempt++)
        {
            var pause = await PostAsync(batch, attempt);
            if (pause == TimeSpan.Zero) break;
            await Task.Delay(pause);
        }
    }
}

// How long to wait before the next try; zero when the batch is done with.
async Task<TimeSpan> PostAsync(List<Dictionary<string, object>> batch, int attempt)
{
    var pause = TimeSpan.FromSeconds(
        Math.Min(60, 0.5 * Math.Pow(2, Math.Min(attempt, 10))) * (0.5 + Random.Shared.NextDouble() / 2));
    try
    {
        using var response = await http.PostAsJsonAsync($"{url}/data", batch);
        if (response.StatusCode == HttpStatusCode.Created)
        {
            using var receipt = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            foreach (var refused in receipt.RootElement.GetProperty("rejected").EnumerateArray())
                Console.Error.WriteLine($"refused: {refused}");
            return TimeSpan.Zero;
        }
        Console.Error.WriteLine($"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        var asked = response.Headers.RetryAfter?.Delta ?? TimeSpan.Zero;
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => TimeSpan.FromSeconds(30),
            HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError =>
                asked > pause ? asked : pause,
            _ => TimeSpan.Zero, // refused for good
        };
    }
    catch (Exception error) when (error is HttpRequestException or TaskCanceledException or JsonException)
    {
        Console.Error.WriteLine($"no answer: {error.Message}");
        return pause;
    }
}

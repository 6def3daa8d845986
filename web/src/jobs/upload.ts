// Sending a file with its progress, which fetch does not tell.
import { Problem, Unreachable } from "../api/client";

/** The answer's JSON. `progress` is told shares from 0 to 1. Throws Problem, Unreachable. */
export function upload(url: string, file: File, media: string, headers: Record<string, string>, progress: (share: number) => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", media);
    request.responseType = "json";
    request.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
    request.onerror = () => reject(new Unreachable());
    request.onload = () => {
      const body = request.response as { title?: string; detail?: string; errors?: Problem["fields"] } | null;
      if (request.status < 300) resolve(body);
      else reject(new Problem(request.status, body?.title ?? "", body?.detail ?? "", body?.errors));
    };
    request.send(file);
  });
}

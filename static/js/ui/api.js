// Requests to the service, and its one shape of error.

/** Something the service refused, or a service that cannot be reached (code "unreachable"). */
export class ServiceError extends Error {
  constructor({ code, message, detail = {} }, status = 0) {
    super(message);
    this.code = code;
    this.detail = detail;
    this.status = status;
  }
}

const unreachable = () =>
  new ServiceError({
    code: "unreachable",
    message: "The service does not answer. Check that it is still running, then try again.",
  });

const cancelled = () => new DOMException("Cancelled.", "AbortError");

function refused(text, status) {
  let problem;
  try {
    problem = JSON.parse(text).error;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const unknown = { code: "unknown", message: `The service answered with status ${status} and no explanation.` };
  return new ServiceError(problem ?? unknown, status);
}

/**
 * Sends one request. `onUpload(fraction)` follows the body on its way; `signal` aborts. Resolves with
 * {text, type}, rejects with ServiceError, or with an AbortError when aborted.
 */
export function send(method, url, { body, headers = {}, signal, onUpload } = {}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(cancelled());
      return;
    }
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (onUpload)
      request.upload.addEventListener("progress", (e) => e.lengthComputable && onUpload(e.loaded / e.total));
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) {
        resolve({ text: request.responseText, type: request.getResponseHeader("Content-Type") ?? "" });
      } else reject(refused(request.responseText, request.status));
    });
    request.addEventListener("error", () => reject(unreachable()));
    request.addEventListener("abort", () => reject(cancelled()));
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });
}

/** The JSON answer of the service. */
export async function ask(method, url, options) {
  return JSON.parse((await send(method, url, options)).text);
}

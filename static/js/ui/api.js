// Requests to the service, and its one shape of error.

/** An error response of the service, or code "unreachable" and status 0 where none arrived. */
export class ServiceError extends Error {
  /** @param {{code: string, message: string, detail?: any}} error @param {number} [status] */
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

function errorOf(text, status) {
  let problem;
  try {
    problem = JSON.parse(text).error;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const unknown = { code: "unknown", message: `The service returned status ${status} without a message.` };
  return new ServiceError(problem ?? unknown, status);
}

/**
 * @typedef {object} RequestOptions
 * @property {XMLHttpRequestBodyInit | null} [body]
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 * @property {(fraction: number) => void} [onUpload] follows the upload of the body
 */

/**
 * Sends one request. Rejects with ServiceError, or with an AbortError when aborted.
 * @param {string} method
 * @param {string} url
 * @param {RequestOptions} [options]
 * @returns {Promise<{text: string, type: string}>}
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
      } else reject(errorOf(request.responseText, request.status));
    });
    request.addEventListener("error", () => reject(unreachable()));
    request.addEventListener("abort", () => reject(cancelled()));
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });
}

/**
 * The JSON response of the service.
 * @param {string} method
 * @param {string} url
 * @param {RequestOptions} [options]
 */
export async function requestJson(method, url, options) {
  return JSON.parse((await send(method, url, options)).text);
}

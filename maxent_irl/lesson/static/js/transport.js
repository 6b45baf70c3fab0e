// How the page asks: one answer, or many as lines. Notebooks have a transport of their own.

/** Over HTTP, to the server that sent the page. */
export function httpTransport() {
  const token = document.querySelector('meta[name="lesson-token"]').content;
  const random = crypto.getRandomValues(new Uint8Array(8));
  const tab = [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const post = (chapter, operation, body, signal) =>
    fetch(`/api/${chapter}/${operation}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Lesson-Token": token, "X-Lesson-Tab": tab },
      body: JSON.stringify(body),
      signal,
    });
  const refusal = async (response) => {
    const answer = await response.json().catch(() => ({}));
    return new Error(answer.error || `the server answered ${response.status}`);
  };
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const patient = async (chapter, operation, body, signal) => {
    for (let attempt = 0; ; attempt += 1) {
      const response = await post(chapter, operation, body, signal).catch((error) => {
        if (error.name === "AbortError") throw error;
        throw new Error("the server does not answer any more: start maxent-irl lesson again");
      });
      if (response.ok) return response;
      if ((response.status !== 429 && response.status !== 503) || attempt >= 3) throw await refusal(response);
      await pause(400 * (attempt + 1));
    }
  };

  return {
    async lesson() {
      const response = await fetch("/api/lesson");
      if (!response.ok) throw await refusal(response);
      return response.json();
    },
    async call(chapter, operation, body) {
      return (await patient(chapter, operation, body)).json();
    },
    async stream(chapter, operation, body, each, signal) {
      const response = await patient(chapter, operation, body, signal);
      const reader = response.body.getReader();
      const text = new TextDecoder();
      let rest = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        rest += text.decode(value, { stream: true });
        const lines = rest.split("\n");
        rest = lines.pop();
        for (const line of lines) if (line && !signal.aborted) each(JSON.parse(line));
      }
    },
  };
}

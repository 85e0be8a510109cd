import type { RefObject } from 'preact';
import { useState } from 'preact/hooks';
import { RequestError, type Server } from '../server/server.js';

/** Asks for the access token, which stays in this tab until it is closed. */
export function TokenForm({
  server,
  heading,
}: {
  readonly server: Server;
  readonly heading: RefObject<HTMLHeadingElement | null>;
}) {
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState('');
  const [isAsking, setAsking] = useState(false);
  const submit = async () => {
    setAsking(true);
    try {
      await server.logIn(token.trim());
    } catch (error) {
      const isUnknown = error instanceof RequestError && error.status === 401;
      const text = error instanceof RequestError ? error.message : 'The server does not answer. Try again.';
      setProblem(isUnknown ? 'The server does not know this token.' : text);
    } finally {
      setAsking(false);
    }
  };
  return (
    <form
      class="token"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <h1 id="title" ref={heading} tabIndex={-1}>
        Access token
      </h1>
      <p class="soft">
        This server gives its data to clients with a token. It stays in this tab until you close it.
      </p>
      <label for="token">Token</label>
      <div class="field-row">
        <input
          id="token"
          type="password"
          autocomplete="off"
          required
          value={token}
          aria-invalid={problem !== ''}
          aria-describedby="token-problem"
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        <button type="submit" class="main" disabled={isAsking}>
          Open
        </button>
      </div>
      <p id="token-problem" class="problem" role="alert">
        {problem}
      </p>
    </form>
  );
}

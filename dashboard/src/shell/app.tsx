import { useEffect, useState } from 'preact/hooks';
import { LiveFeed } from '../live/live-feed.js';
import { HitSound } from '../live/hit-sound.js';
import { DataPoll } from '../server/data-poll.js';
import { Server } from '../server/server.js';
import { Shell } from './shell.js';

/** What the pages share. */
export interface Services {
  readonly server: Server;
  readonly feed: LiveFeed;
  readonly poll: DataPoll;
  readonly sound: HitSound;
}

const RETRY_MS = 3000;

/** Asks the server what it has, and shows the pages. */
export function App() {
  const [services, setServices] = useState<Services>();
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    Server.find()
      .then((server) =>
        setServices({
          server,
          feed: new LiveFeed(server),
          poll: new DataPoll(server),
          sound: new HitSound(),
        }),
      )
      .catch(() => {
        timer = setTimeout(() => setAttempt(attempt + 1), RETRY_MS);
      });
    return () => clearTimeout(timer);
  }, [attempt]);
  if (services !== undefined) return <Shell services={services} />;
  return (
    <main class="notice">
      <p role="status">
        {attempt === 0 ? 'Loading…' : 'The server does not answer. The page tries again every 3 seconds.'}
      </p>
    </main>
  );
}

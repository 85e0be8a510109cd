// Prints certificates with their issuers, and gaps. Needs: npm install --save-dev certstream-server-nest (for its types)
import type { StreamMessage } from 'certstream-server-nest/messages';

function show(message: StreamMessage): void {
  switch (message.message_type) {
    case 'certificate_update': {
      const { leaf_cert, source } = message.data;
      console.log(leaf_cert.all_domains.join(' '), leaf_cert.issuer.O, source.name);
      break;
    }
    case 'gap':
      console.warn('missed', message.data.messages ?? 'unknown', message.data.reason);
      break;
  }
}

const { body } = await fetch('http://localhost:8080/sse?stream=lite&since=-15m&limit=5');
let rest = '';
for await (const text of body!.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + text).split('\n');
  rest = lines.pop()!;
  for (const line of lines) if (line.startsWith('data: ')) show(JSON.parse(line.slice('data: '.length)));
}

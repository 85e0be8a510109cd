// Prints names that imitate three brands, each certificate once. Needs: npm install ws
import { WebSocket } from 'ws';

const query = new URLSearchParams({
  similar: 'delta.com,indigo.com,juniper.net',
  exclude_domain: 'delta.example',
  unique: 1,
  enrich: 1,
});
new WebSocket(`ws://localhost:8080/?${query}`).on('message', (text) => {
  const { registrable_domains, issuer, all_domains } = JSON.parse(text).data.leaf_cert;
  console.log(...registrable_domains, issuer.O, ...all_domains);
});

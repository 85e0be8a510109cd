import { z } from 'zod';

// Contract draft: names, types and defaults are fixed; checks and descriptions are still to come.
const listener = {
  listen_addr: z.string().default('0.0.0.0'),
  real_ip: z.boolean().default(false),
  trusted_proxies: z.array(z.string()).default([]),
  whitelist: z.array(z.string()).default([]),
  cert_path: z.string().default(''),
  cert_key_path: z.string().default(''),
};
const webserver = z.strictObject({
  ...listener,
  listen_port: z.number().default(8080),
  full_url: z.string().default('/full-stream'),
  lite_url: z.string().default('/'),
  domains_only_url: z.string().default('/domains-only'),
  compression_enabled: z.boolean().default(false),
});
const prometheus = z.strictObject({
  ...listener,
  enabled: z.boolean().default(false),
  listen_port: z.number().default(9090),
  metrics_url: z.string().default('/metrics'),
  expose_system_metrics: z.boolean().default(false),
  metric_prefix: z.string().default('certstreamservergo'),
});
const additionalLog = z.strictObject({
  url: z.string(),
  operator: z.string().default('Unknown'),
  description: z.string().default(''),
  /** base64 DER SubjectPublicKeyInfo */
  key: z.string().default(''),
});
const general = z.strictObject({
  disable_default_logs: z.boolean().default(false),
  additional_logs: z.array(additionalLog).default([]),
  additional_tiled_logs: z.array(additionalLog.extend({ submission_url: z.string().default('') })).default([]),
  excluded_logs: z.array(z.strictObject({ operator: z.string().default(''), url: z.string().default('') })).default([]),
  buffer_sizes: z
    .strictObject({
      /** messages queued per client */
      websocket: z.number().default(300),
      /** entries of one log fetched but not yet streamed */
      ctlog: z.number().default(1000),
      /** the same over all logs together; `broadcastmanager` (Go <= 1.9) is an alias */
      dispatcher: z.number().default(10000),
    })
    .prefault({}),
  drop_old_logs: z.boolean().default(true),
  recovery: z
    .strictObject({
      enabled: z.boolean().default(false),
      ct_index_file: z.string().default('./ct_index.json'),
    })
    .prefault({}),
});
const logList = z.strictObject({
  url: z.string().default('https://www.gstatic.com/ct/log_list/v3/log_list.json'),
  /** '' = `url` with `.json` replaced by `.sig` */
  signature_url: z.string().default(''),
  verify_signature: z.boolean().default(true),
  /** PEM file; '' = the pinned key of Google's list */
  public_key_path: z.string().default(''),
  /** '' = the user's cache folder */
  cache_file: z.string().default(''),
  refresh_interval_minutes: z.number().default(60),
});
const ctLog = z.strictObject({
  /** e-mail address or URL of whoever runs this server, put into the User-Agent */
  contact: z.string().default(''),
  /** replaces the whole User-Agent */
  user_agent: z.string().default(''),
  /** seconds between two questions for a tree head, at most; busy logs are asked as they grow */
  poll_interval_seconds: z.number().default(5),
  request_timeout_seconds: z.number().default(30),
  /** cap of one decoded response body */
  max_response_mb: z.number().default(64),
  /** offer gzip to the logs: less bandwidth, more CPU */
  compression: z.boolean().default(true),
});
const log = z.strictObject({
  level: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
  format: z.enum(['text', 'json']).default('text'),
});

export const configSchema = z.strictObject({
  webserver: webserver.prefault({}),
  prometheus: prometheus.prefault({}),
  general: general.prefault({}),
  log_list: logList.prefault({}),
  ct_log: ctLog.prefault({}),
  log: log.prefault({}),
});

/** The whole configuration, every default filled in. */
export type CertstreamConfig = z.infer<typeof configSchema>;

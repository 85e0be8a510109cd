/**
 * `certstream-server-nest/testing`: the stable interface for tests of modules that extend the server. It works with any test runner.
 */
export { CtLogSimulator, type CtLogSimulatorOptions } from '../simulator/ct-log-simulator.js';
export type { FaultHandle, FaultSet, FaultSpec } from '../simulator/faults/faults.js';
export type { SimulatedEntry, RawEntry, Submission } from '../simulator/log/log-entry.js';
export type { SimulatedLog } from '../simulator/simulated-log.js';
export type { SimulatedLogOptions } from '../simulator/log/simulated-log-options.js';
export { createServerCertificate, type ServerCertificate } from '../simulator/server-certificate.js';
export { type CliOptions, type CliResult, type RunningCli, startCli } from './cli-process.js';
export { freePort } from './free-port.js';
export { StreamReader } from './stream-reader.js';
export { batchOf, type BatchOptions, submissionOf } from './submissions.js';
export { type TestConfig, TestSystem, type TestSystemOptions } from './test-system.js';

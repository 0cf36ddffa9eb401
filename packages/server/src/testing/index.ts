/** `millrace/testing`: what the tests of an application import. */
export type { FakeClientOptions } from "./client-end.ts";
export { FakeClient, type FakeStream, type ReceivedCall } from "./fake-client.ts";
export { FakeSharedObject } from "./fake-shared-object.ts";
export {
	type ApplicationOf,
	type LogLine,
	RunningApplication,
	type StartApplicationOptions,
	type StreamDeed,
	startApplication,
} from "./start-application.ts";

import { z } from "zod";
import { section } from "./section.ts";
import { size } from "./unit.ts";

const MAX_MESSAGE_BYTES = 0xff_ff_ff;

/** Ceilings that keep one peer from harming the others. */
export const limitsSchema = section("Ceilings that keep one peer from harming the others.", {
	connections: z.int().min(1).max(1_000_000).default(10_000).describe("How many connections are open at once."),
	connectionsPerAddressPerMinute: z
		.int()
		.min(0)
		.max(1_000_000)
		.default(0)
		.describe(
			"How many connections one address may open in a minute; 0 means any number. Many viewers can share one address.",
		),
	messageBytesBeforeConnect: size(1024, MAX_MESSAGE_BYTES + 1)
		.prefault("64KiB")
		.describe("The longest message before `connect` is accepted."),
	partialBytesBeforeConnect: size(1024, 1024 ** 3)
		.prefault("256KiB")
		.describe("All unfinished messages of one connection together, before `connect` is accepted."),
	messageBytes: size(64 * 1024, MAX_MESSAGE_BYTES + 1)
		.prefault("16MiB")
		.describe("The longest message afterwards. The protocol itself ends one byte below 16MiB."),
	partialBytes: size(64 * 1024, 1024 ** 3)
		.prefault("32MiB")
		.describe("All unfinished messages of one connection together, afterwards."),
	chunkStreams: z.int().min(8).max(65_597).default(64).describe("Chunk streams that one connection may use."),
	messageStreams: z
		.int()
		.min(1)
		.max(65_535)
		.default(256)
		.describe("Message streams (`createStream`) that one connection may hold."),
	nameLength: z
		.int()
		.min(16)
		.max(4096)
		.default(255)
		.describe("The longest name of an application, an instance or a stream, in characters."),
	amfDepth: z.int().min(4).max(512).default(64).describe("How deep AMF values may be nested in a message."),
	outputBytes: size(64 * 1024, 1024 ** 3)
		.prefault("4MiB")
		.describe("Command answers that a peer leaves unread, before it is closed."),
	sharedBytes: size(1024 ** 2, 1024 ** 4)
		.prefault("16MiB")
		.describe(
			"What all connections that do not publish may hold together, above 8KiB for each: unfinished messages, answers not read, messages that wait.",
		),
	sharedObjectBytes: size(1024 ** 2, 1024 ** 4)
		.prefault("64MiB")
		.describe("What all shared objects of applications without code may hold together; more is refused."),
	heldBytes: size(1024, 1024 ** 3)
		.prefault("1MiB")
		.describe("What a peer may send while a permission is still pending."),
	pendingCalls: z
		.int()
		.min(1)
		.max(1_000_000)
		.default(1024)
		.describe("Calls of a client's methods that it has not answered; more fail at once."),
});

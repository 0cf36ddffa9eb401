import {
	type AmfValue,
	decodeRemoting,
	type RemotingPacket,
	RemotingWriter,
	readFlexMessage,
} from "@millrace/core/amf";
import { MillraceError } from "@millrace/core/fault";
import { bytesOf } from "../../packages/core/src/amf/amf-case.ts";
import { REMOTING_CASES } from "../../packages/core/src/amf/remoting-case.ts";
import { encodedOrTooLarge, mustEqual } from "../amf-oracle.ts";
import type { FuzzTarget } from "../fuzz-target.ts";

/** Packets of Flash Remoting: whatever is read is written in AMF0 and read again, and then lasts. */
export const target: FuzzTarget = {
	name: "remoting",
	seeds: () => REMOTING_CASES.map(each => bytesOf(each.bytes)),
	run(input) {
		let packet: RemotingPacket;
		try {
			packet = decodeRemoting(input);
		} catch (error) {
			if (error instanceof MillraceError) return;
			throw error;
		}
		for (const { value } of packet.messages) readFlexMessage(value);
		const once = written(packet);
		if (once === undefined) return;
		const again = decodeRemoting(once);
		mustEqual(frameOf(packet), frameOf(again));
		const twice = written(again);
		if (twice !== undefined) mustEqual(valuesOf(again), valuesOf(decodeRemoting(twice)));
	},
};

function written(packet: RemotingPacket): Uint8Array | undefined {
	// In AMF3 not everything can be said that AMF0 can: names without a letter.
	const writer = new RemotingWriter(0, { avmPlus: true });
	const write = () => {
		for (const header of packet.headers) writer.header(header);
		for (const message of packet.messages) writer.message(message);
		return writer.finish();
	};
	return encodedOrTooLarge(valuesOf(packet), write, true);
}

function frameOf({ headers, messages }: RemotingPacket): AmfValue[] {
	return [
		...headers.flatMap(({ name, mustUnderstand }) => [name, mustUnderstand]),
		...messages.flatMap(({ target: to, response }) => [to, response]),
	];
}

function valuesOf({ headers, messages }: RemotingPacket): AmfValue[] {
	return [...headers, ...messages].map(each => each.value);
}

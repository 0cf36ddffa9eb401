import type { AmfExternalizable } from "./amf-class-registry.ts";

/** The members that one level of a Flex message's class may send: a list for each of its flag bytes, lowest bit first. */
type MessageLevel = readonly (readonly string[])[];

const ABSTRACT_MESSAGE: MessageLevel = [
	["body", "clientId", "destination", "headers", "messageId", "timestamp", "timeToLive"],
	["clientIdBytes", "messageIdBytes"],
];
const ASYNC_MESSAGE: MessageLevel = [["correlationId", "correlationIdBytes"]];
const ACKNOWLEDGE_MESSAGE: MessageLevel = [[]];
const COMMAND_MESSAGE: MessageLevel = [["operation"]];

/** Bit 7 of a flag byte: another one follows. */
const MORE = 0x80;

/**
 * The externalizable classes of Flex that Flash programs send without being asked: wrappers around one value, which
 * becomes their member `source` or `object`, and the small forms of messages.
 */
export const FLEX_CLASSES: readonly AmfExternalizable[] = [
	wrapper("flex.messaging.io.ArrayCollection", "source"),
	wrapper("flex.messaging.io.ArrayList", "source"),
	wrapper("flex.messaging.io.ObjectProxy", "object"),
	wrapper("flex.messaging.io.ManagedObjectProxy", "object"),
	wrapper("flex.messaging.io.SerializationProxy", "object"),
	smallMessage("DSA", [ABSTRACT_MESSAGE, ASYNC_MESSAGE]),
	smallMessage("DSC", [ABSTRACT_MESSAGE, ASYNC_MESSAGE, COMMAND_MESSAGE]),
	smallMessage("DSK", [ABSTRACT_MESSAGE, ASYNC_MESSAGE, ACKNOWLEDGE_MESSAGE]),
];

function wrapper(className: string, member: string): AmfExternalizable {
	return {
		className,
		read(from, members) {
			members[member] = from.readValue();
		},
		write(to, members) {
			to.writeValue(members[member]);
		},
		holds(members) {
			const keys = Object.keys(members);
			return keys.length === 1 && keys[0] === member;
		},
	};
}

/** Each level sends its flag bytes, then the values of the flags that are set, in their order. */
function smallMessage(className: string, levels: readonly MessageLevel[]): AmfExternalizable {
	const names = new Set(levels.flat(2));
	return {
		className,
		holds: members => Object.keys(members).every(key => names.has(key)),
		read(from, members) {
			for (const level of levels) {
				const flagBytes: number[] = [];
				do flagBytes.push(from.bytes.u8());
				while (flagBytes[flagBytes.length - 1]! & MORE);
				for (const [index, flags] of flagBytes.entries()) {
					for (let bit = 0; bit < 7; bit++) {
						if ((flags & (1 << bit)) === 0) continue;
						const value = from.readValue();
						// Flags that later versions added carry a value too, which nothing here has a name for.
						const member = level[index]?.[bit];
						if (member !== undefined) members[member] = value;
					}
				}
			}
		},
		write(to, members) {
			for (const level of levels) {
				const present = level.map(names => names.filter(name => Object.hasOwn(members, name)));
				const last = present.findLastIndex(names => names.length > 0);
				for (let index = 0; index <= Math.max(last, 0); index++) {
					const names = level[index]!;
					let flags = index < last ? MORE : 0;
					for (const name of present[index]!) flags |= 1 << names.indexOf(name);
					to.bytes.u8(flags);
				}
				for (const name of present.flat()) to.writeValue(members[name]);
			}
		},
	};
}

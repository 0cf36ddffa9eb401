import type { ByteReader, ByteWriter } from "../bytes/index.ts";
import { UsageError } from "../fault/index.ts";
import type { AmfObject, AmfValue } from "./amf-types.ts";
import { AmfTypedObject } from "./amf-types.ts";
import { FLEX_CLASSES } from "./flex-class.ts";

/** A class whose instances stand for typed objects; it is constructed without arguments. */
export type AmfConstructor = new () => object;

/** What the reader of an externalizable class reads from: the class's own bytes, and AMF3 values among them. */
export interface AmfExternalReader {
	readonly bytes: ByteReader;
	/** The next AMF3 value, marker included. */
	readValue(): AmfValue;
}

/** What the writer of an externalizable class writes to. */
export interface AmfExternalWriter {
	readonly bytes: ByteWriter;
	/** Writes an AMF3 value, marker included. */
	writeValue(value: AmfValue): void;
}

/** How an AMF3 class that writes itself (`flash.utils.IExternalizable`) is read and written. */
export type AmfExternalizable = {
	readonly className: string;
	/** Fills `members`; exactly the bytes of the object must be read, since nothing else marks its end. */
	read(from: AmfExternalReader, members: AmfObject): void;
	write(to: AmfExternalWriter, members: AmfObject): void;
	/**
	 * Whether `write` would keep every member. An object with others is written with its members by name, as it must
	 * have come. Default: always.
	 */
	holds?(members: AmfObject): boolean;
};

/**
 * The classes that a decoder and an encoder know by name. A typed object of an unregistered class is an
 * `AmfTypedObject`. The externalizable classes of Flex are always known.
 */
export class AmfClassRegistry {
	readonly #constructors = new Map<string, AmfConstructor>();
	readonly #aliases = new Map<object, string>();
	readonly #externalizables = new Map<string, AmfExternalizable>();

	constructor() {
		for (const each of FLEX_CLASSES) this.#externalizables.set(each.className, each);
	}

	/**
	 * Gives a class its name on the wire, as `flash.net.registerClassAlias` and the server's
	 * `application.registerClass` do. Decoded values then hold an instance where an `AmfTypedObject` would stand. A later
	 * registration of the same name or class replaces the earlier one.
	 */
	registerClass(alias: string, type: AmfConstructor): void {
		const former = this.#constructors.get(alias);
		if (former !== undefined) this.#aliases.delete(former.prototype);
		const formerAlias = this.#aliases.get(type.prototype);
		if (formerAlias !== undefined) this.#constructors.delete(formerAlias);
		this.#constructors.set(alias, type);
		this.#aliases.set(type.prototype, alias);
	}

	/** Makes an externalizable class known; a later one of the same name replaces the earlier. */
	registerExternalizable(definition: AmfExternalizable): void {
		this.#externalizables.set(definition.className, definition);
	}

	/** The externalizable class of that name. */
	externalizable(className: string): AmfExternalizable | undefined {
		return this.#externalizables.get(className);
	}

	/** The name under which an object's class is registered; subclasses do not inherit it. */
	aliasOf(instance: object): string | undefined {
		if (this.#aliases.size === 0) return undefined;
		const prototype: unknown = Object.getPrototypeOf(instance);
		return typeof prototype === "object" && prototype !== null ? this.#aliases.get(prototype) : undefined;
	}

	/**
	 * What stands for a typed object: made before its members are read, so that they can refer to it. Throws a
	 * `UsageError` when the class's constructor throws.
	 */
	instantiate(className: string, members: AmfObject, sealedCount: number | undefined): AmfValue {
		const type = this.#constructors.get(className);
		if (type === undefined) return new AmfTypedObject(className, members, sealedCount);
		try {
			// The instance is of the application's own type, which `AmfValue` cannot name.
			return new type() as AmfObject;
		} catch (error) {
			throw new UsageError("USAGE", `The constructor of the class registered as ${className} threw.`, { cause: error });
		}
	}

	/**
	 * Puts the members, now complete, into what `instantiate` made. A name that the class's prototype already has is left
	 * out: a peer must not replace methods.
	 */
	complete(instance: AmfValue, members: AmfObject): void {
		if (instance instanceof AmfTypedObject) return;
		const object = instance as object;
		const prototype: object = Object.getPrototypeOf(object);
		for (const key of Object.keys(members)) {
			if (key in prototype) continue;
			Object.defineProperty(object, key, {
				value: members[key],
				writable: true,
				enumerable: true,
				configurable: true,
			});
		}
	}
}

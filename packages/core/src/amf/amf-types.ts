/**
 * The values of AMF0 and AMF3 in JavaScript (AMF 0 specification §2, AMF 3 specification §3). `undefined` and `null`
 * are told apart, as Flash does: a call without a result answers `undefined`, a missing command object is `null`.
 */
export type AmfValue =
	| undefined
	| null
	| boolean
	| number
	| string
	| Date
	| Uint8Array
	| Int32Array
	| Uint32Array
	| Float64Array
	| AmfValue[]
	| AmfObject
	| AmfEcmaArray
	| AmfTypedObject
	| AmfXml
	| AmfVector
	| Map<AmfValue, AmfValue>;

/** An anonymous object. Decoded ones have no prototype, for the peer chooses the keys. */
export type AmfObject = { [key: string]: AmfValue };

/**
 * An array with named members: AMF0's ECMA array, AMF3's array that has an associative part. `dense` holds the
 * positional members of AMF3; in AMF0 every member is named.
 */
export class AmfEcmaArray {
	readonly entries: Map<string, AmfValue>;
	readonly dense: AmfValue[];

	constructor(entries: Iterable<readonly [string, AmfValue]> = [], dense: AmfValue[] = []) {
		this.entries = new Map(entries);
		this.dense = dense;
	}

	get(key: string): AmfValue {
		return this.entries.get(key);
	}

	/** The members as an object without prototype; positional members under their index. */
	toObject(): AmfObject {
		const object: AmfObject = Object.create(null);
		for (const [index, value] of this.dense.entries()) object[index] = value;
		for (const [key, value] of this.entries) object[key] = value;
		return object;
	}
}

/** An object of a named class: AMF0's typed object, AMF3's object with a class name. */
export class AmfTypedObject {
	readonly className: string;
	/** The members in order, without prototype. */
	readonly members: AmfObject;
	/** AMF3: how many of the members are sealed (declared by the class); the rest are dynamic. `undefined`: all. */
	readonly sealedCount: number | undefined;

	constructor(className: string, members: AmfObject, sealedCount?: number) {
		this.className = className;
		this.members = members;
		this.sealedCount = sealedCount;
	}
}

/** An XML document as text; it is not parsed. `legacy`: AMF3 marker 07 (XMLDocument) rather than 0B (E4X). */
export class AmfXml {
	readonly text: string;
	readonly legacy: boolean;

	constructor(text: string, legacy = false) {
		this.text = text;
		this.legacy = legacy;
	}
}

/** AMF3's `Vector.<Object>`; numeric vectors are typed arrays. */
export class AmfVector {
	readonly typeName: string;
	readonly fixed: boolean;
	readonly items: AmfValue[];

	constructor(typeName: string, items: AmfValue[], fixed = false) {
		this.typeName = typeName;
		this.items = items;
		this.fixed = fixed;
	}
}

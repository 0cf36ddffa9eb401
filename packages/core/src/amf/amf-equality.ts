import { kindOf } from "./amf-kind.ts";
import type { AmfEcmaArray, AmfObject, AmfTypedObject, AmfValue, AmfVector, AmfXml } from "./amf-types.ts";

/**
 * Whether two values are the same to AMF, cycles included: for tests and fuzzers. `identity` asks besides that what is
 * one object in the one is one object in the other.
 */
export function equalAmf(first: AmfValue, second: AmfValue, identity = true): boolean {
	return new Comparison(identity).equal(first, second);
}

class Comparison {
	readonly #identity: boolean;
	/** What each object of the first value was compared with; it may count as equal while it is being compared. */
	readonly #partners = new Map<object, Set<object>>();

	constructor(identity: boolean) {
		this.#identity = identity;
	}

	equal(first: AmfValue, second: AmfValue): boolean {
		if (typeof first !== "object" || first === null || typeof second !== "object" || second === null) {
			return Object.is(first, second);
		}
		const kind = kindOf(first);
		if (kind !== kindOf(second)) return false;
		switch (kind) {
			case "date":
				return Object.is((first as Date).getTime(), (second as Date).getTime());
			case "xml":
				return (
					(first as AmfXml).text === (second as AmfXml).text && (first as AmfXml).legacy === (second as AmfXml).legacy
				);
			case "bytes":
			case "int-vector":
			case "uint-vector":
			case "number-vector":
				return this.#equalNumbers(first as Float64Array, second as Float64Array);
			default:
				return this.#equalContainers(kind, first, second);
		}
	}

	#equalNumbers(first: ArrayLike<number>, second: ArrayLike<number>): boolean {
		if (first.length !== second.length) return false;
		for (let index = 0; index < first.length; index++) if (!Object.is(first[index], second[index])) return false;
		return true;
	}

	#equalContainers(kind: string, first: object, second: object): boolean {
		let partners = this.#partners.get(first);
		if (partners?.has(second)) return true;
		if (partners !== undefined && this.#identity) return false;
		partners ??= new Set();
		partners.add(second);
		this.#partners.set(first, partners);
		switch (kind) {
			case "array":
				return this.#equalItems(first as AmfValue[], second as AmfValue[]);
			case "ecma":
				return (
					this.#equalEntries((first as AmfEcmaArray).entries, (second as AmfEcmaArray).entries) &&
					this.#equalItems((first as AmfEcmaArray).dense, (second as AmfEcmaArray).dense)
				);
			case "map":
				return this.#equalEntries(first as Map<AmfValue, AmfValue>, second as Map<AmfValue, AmfValue>);
			case "vector":
				return (
					(first as AmfVector).typeName === (second as AmfVector).typeName &&
					(first as AmfVector).fixed === (second as AmfVector).fixed &&
					this.#equalItems((first as AmfVector).items, (second as AmfVector).items)
				);
			case "typed":
				return (
					(first as AmfTypedObject).className === (second as AmfTypedObject).className &&
					(first as AmfTypedObject).sealedCount === (second as AmfTypedObject).sealedCount &&
					this.#equalMembers((first as AmfTypedObject).members, (second as AmfTypedObject).members)
				);
			default:
				return this.#equalMembers(first as AmfObject, second as AmfObject);
		}
	}

	#equalItems(first: readonly AmfValue[], second: readonly AmfValue[]): boolean {
		return first.length === second.length && first.every((item, index) => this.equal(item, second[index]));
	}

	/** Entries count in order: keys may be objects, which only their place tells apart. */
	#equalEntries(first: Map<AmfValue, AmfValue>, second: Map<AmfValue, AmfValue>): boolean {
		if (first.size !== second.size) return false;
		const others = second.entries();
		for (const [key, value] of first) {
			const [otherKey, otherValue] = others.next().value!;
			if (!this.equal(key, otherKey) || !this.equal(value, otherValue)) return false;
		}
		return true;
	}

	#equalMembers(first: AmfObject, second: AmfObject): boolean {
		const keys = Object.keys(first);
		return (
			keys.length === Object.keys(second).length &&
			keys.every(key => Object.hasOwn(second, key) && this.equal(first[key], second[key]))
		);
	}
}

/** A member of a document: an element (also the document itself, which has no name) or a text. */
export const ELEMENT = 1;
export const TEXT = 3;

/** Attributes by name. Scripts are given the very object and may put anything into it. */
export type XmlAttributes = { [name: string]: unknown };

const DOCUMENT_NAMESPACE = "xmlns";

/**
 * A node of the tree behind ActionScript's `XML` and `XMLNode`. Of comments and processing instructions nothing is
 * kept, and CDATA sections are texts like others, as in Flash.
 */
export class XmlNode {
	readonly type: number;
	/** Of an element; `null`: the document itself, or a text. */
	name: string | null;
	/** Of a text. */
	value: string | null;
	attributes: XmlAttributes;
	parent: XmlNode | null = null;
	readonly children: XmlNode[] = [];
	/** How often a child has come or gone by the methods below. */
	changes = 0;

	constructor(type: number, text: string | null, attributes: XmlAttributes = {}) {
		this.type = type;
		this.name = type === ELEMENT ? text : null;
		this.value = type === ELEMENT ? null : text;
		this.attributes = attributes;
	}

	/** The neighbour `offset` places further; `null`: there is none. */
	sibling(offset: 1 | -1): XmlNode | null {
		const siblings = this.parent?.children;
		return siblings?.[siblings.indexOf(this) + offset] ?? null;
	}

	/** Puts `child` before `next`, or last, and takes it from where it was. Returns `false` where that would be a circle. */
	insert(child: XmlNode, next: XmlNode | null): boolean {
		if (next !== null && next.parent !== this) return false;
		for (let node: XmlNode | null = this; node !== null; node = node.parent) if (node === child) return false;
		if (child === next) return true;
		child.remove();
		const index = next === null ? this.children.length : this.children.indexOf(next);
		this.children.splice(index, 0, child);
		this.changes++;
		child.parent = this;
		return true;
	}

	/** Takes the node, with all below it, out of its tree. */
	remove(): void {
		const { parent } = this;
		if (parent === null) return;
		parent.children.splice(parent.children.indexOf(this), 1);
		parent.changes++;
		this.parent = null;
	}

	/** A node like this one, without parent; `deep`: with all below it. */
	clone(deep: boolean): XmlNode {
		const copy = new XmlNode(this.type, this.type === ELEMENT ? this.name : this.value, { ...this.attributes });
		if (deep) for (const child of this.children) copy.insert(child.clone(true), null);
		return copy;
	}

	/** The text, with what is markup in it escaped. An element without children is written `<name />`. */
	toString(): string {
		if (this.type !== ELEMENT) return escapeXml(this.value ?? "");
		const inner = this.children.map(child => child.toString()).join("");
		if (this.name === null) return inner;
		let head = `<${this.name}`;
		for (const [name, value] of Object.entries(this.attributes)) head += ` ${name}="${escapeXml(String(value))}"`;
		return inner === "" ? `${head} />` : `${head}>${inner}</${this.name}>`;
	}

	/** The namespace that a prefix stands for here (`""`: the one without prefix); `null`: it is not declared. */
	namespaceFor(prefix: string): string | null {
		const declaration = prefix === "" ? DOCUMENT_NAMESPACE : `${DOCUMENT_NAMESPACE}:${prefix}`;
		for (let node: XmlNode | null = this; node !== null; node = node.parent) {
			if (Object.hasOwn(node.attributes, declaration)) return String(node.attributes[declaration]);
		}
		return null;
	}

	/** The prefix that is declared for a namespace here; `null`: none. */
	prefixFor(namespace: string): string | null {
		for (let node: XmlNode | null = this; node !== null; node = node.parent) {
			for (const [name, value] of Object.entries(node.attributes)) {
				if (value !== namespace) continue;
				if (name === DOCUMENT_NAMESPACE) return "";
				if (name.startsWith(`${DOCUMENT_NAMESPACE}:`)) return name.slice(DOCUMENT_NAMESPACE.length + 1);
			}
		}
		return null;
	}
}

/** `text` with the five characters that XML reserves as entities. */
export function escapeXml(text: string): string {
	return text.replace(/[&<>"']/g, character => ESCAPES[character]!);
}

const ESCAPES: Readonly<Record<string, string>> = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	'"': "&quot;",
	"'": "&apos;",
};

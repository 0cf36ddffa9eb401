import { AmfXml } from "@millrace/core/amf";
import type { HttpLoader } from "./http-loader.ts";
import { HttpMembers } from "./http-members.ts";
import type { NativeAccessor, ScriptFunction, ScriptObject, ScriptValue } from "./native-class.ts";
import type { ScriptRealm } from "./script-realm.ts";
import { ELEMENT, TEXT, type XmlAttributes, XmlNode } from "./xml-node.ts";
import { parseXml, XML_STATUS } from "./xml-parser.ts";

/** What a document has beside its nodes. */
type XmlDocument = {
	readonly node: XmlNode;
	ignoreWhite: boolean;
	status: number;
	xmlDecl: string | undefined;
	docTypeDecl: string | undefined;
};

type Methods = Record<string, (self: ScriptObject, args: readonly ScriptValue[]) => ScriptValue>;

/**
 * Defines `XMLNode` and `XML`, the document tree of ActionScript 1 and 2 (not E4X). Each node of a tree has one object,
 * so scripts may compare them and hang their own properties on them. `onData` of `XML` may be replaced; as it is, it
 * reads the text, sets `loaded` and calls `onLoad`. Returns the class `XML`.
 */
export function defineXml(realm: ScriptRealm, loader: HttpLoader): ScriptFunction {
	const nodes = new NodeObjects(realm);
	const nodeType = realm.defineClass({
		name: "XMLNode",
		construct: (self, [type, value]) => nodes.bind(self, new XmlNode(Number(type), String(value ?? ""))),
		methods: nodeMethods(nodes),
		accessors: nodeAccessors(nodes),
		toAmf: self => new AmfXml(String(nodes.node(self)), true),
	});
	nodes.type = nodeType;

	const documents = new WeakMap<ScriptObject, XmlDocument>();
	const documentOf = (self: ScriptObject) => {
		const document = documents.get(self);
		if (document === undefined) throw new TypeError("The object is no XML.");
		return document;
	};
	const http = new HttpMembers(realm, loader);
	const documentType: ScriptFunction = realm.defineClass({
		name: "XML",
		construct(self, [text]) {
			const node = new XmlNode(ELEMENT, null);
			const status = XML_STATUS.ok;
			const document = { node, ignoreWhite: false, status, xmlDecl: undefined, docTypeDecl: undefined };
			documents.set(self, document);
			nodes.bind(self, node);
			http.add(self);
			if (text !== undefined) parse(document, String(text));
		},
		methods: {
			...http.methods,
			...documentMethods(nodes),
			parseXML: (self, [text]) => parse(documentOf(self), String(text)),
			toString: (self: ScriptObject) => textOf(documentOf(self)),
			load: (self, [url]) => http.request(self, self, url),
			send: (self, [url]) => http.request(self, undefined, url, textOf(documentOf(self))),
			sendAndLoad: (self, [url, target]) => http.request(self, target, url, textOf(documentOf(self))),
			onData: (self, [text]) => {
				const isLoaded = typeof text === "string";
				if (isLoaded) {
					parse(documentOf(self), text);
					http.setLoaded(self, true);
				}
				realm.invoke(self, "onLoad", [isLoaded]);
			},
		},
		accessors: { ...http.accessors, ...documentAccessors(documentOf) },
		toAmf: self => new AmfXml(textOf(documentOf(self)), true),
		fromAmf: value => (value instanceof AmfXml ? realm.construct(documentType, value.text) : undefined),
	});
	Object.setPrototypeOf(Reflect.get(documentType, "prototype"), Reflect.get(nodeType, "prototype"));
	return documentType;
}

/** The objects that scripts have for nodes. */
class NodeObjects {
	/** The class `XMLNode`. */
	type: ScriptFunction | undefined;
	readonly #realm: ScriptRealm;
	readonly #nodes = new WeakMap<ScriptObject, XmlNode>();
	readonly #objects = new WeakMap<XmlNode, ScriptObject>();
	readonly #attributes = new WeakSet<XmlAttributes>();
	/** The arrays of children, as they were after so many changes. */
	readonly #lists = new WeakMap<XmlNode, { readonly list: ScriptObject; readonly changes: number }>();

	constructor(realm: ScriptRealm) {
		this.#realm = realm;
	}

	bind(self: ScriptObject, node: XmlNode): void {
		this.#nodes.set(self, node);
		this.#objects.set(node, self);
	}

	/** The node behind an object. Throws a `TypeError` where there is none. */
	node(self: ScriptValue): XmlNode {
		const node = this.find(self);
		if (node === undefined) throw new TypeError("The object is no XMLNode.");
		return node;
	}

	find(self: ScriptValue): XmlNode | undefined {
		return typeof self === "object" && self !== null ? this.#nodes.get(self) : undefined;
	}

	object(node: XmlNode | null | undefined): ScriptObject | null {
		if (node === null || node === undefined) return null;
		const known = this.#objects.get(node);
		if (known !== undefined) return known;
		const object = this.#realm.construct(this.type!, node.type, "");
		this.bind(object, node);
		return object;
	}

	/** The objects of a node's children: the same array until one comes or goes, for loops ask for it at every step. */
	children(node: XmlNode): ScriptObject {
		const { changes } = node;
		const known = this.#lists.get(node);
		if (known?.changes === changes) return known.list;
		const list = this.#realm.newArray(node.children.map(child => this.object(child)));
		this.#lists.set(node, { list, changes });
		return list;
	}

	/** A node's attributes as an object of the realm, which is the node's from now on. */
	attributes(node: XmlNode): ScriptObject {
		if (!this.#attributes.has(node.attributes)) {
			const object = this.#realm.newObject() as XmlAttributes;
			for (const [name, value] of Object.entries(node.attributes)) {
				this.#realm.setOwn(object, name, value);
			}
			node.attributes = object;
			this.#attributes.add(object);
		}
		return node.attributes;
	}
}

function nodeMethods(nodes: NodeObjects): Methods {
	return {
		appendChild: (self, [child]) => {
			const parent = nodes.node(self);
			const node = nodes.find(child);
			if (node !== undefined) parent.insert(node, null);
		},
		insertBefore: (self, [child, next]) => {
			const parent = nodes.node(self);
			const [node, before] = [nodes.find(child), nodes.find(next)];
			if (node !== undefined && before !== undefined) parent.insert(node, before);
		},
		removeNode: self => nodes.node(self).remove(),
		cloneNode: (self, [deep]) => nodes.object(nodes.node(self).clone(Boolean(deep))),
		hasChildNodes: self => nodes.node(self).children.length > 0,
		getNamespaceForPrefix: (self, [prefix]) => nodes.node(self).namespaceFor(String(prefix ?? "")),
		getPrefixForNamespace: (self, [namespace]) => nodes.node(self).prefixFor(String(namespace)),
		toString: (self: ScriptObject) => String(nodes.node(self)),
	};
}

function nodeAccessors(nodes: NodeObjects): Record<string, NativeAccessor> {
	return {
		nodeType: { get: self => nodes.node(self).type },
		nodeName: {
			get: self => nodes.node(self).name,
			set: (self, value) => {
				const node = nodes.node(self);
				if (node.type === ELEMENT) node.name = String(value);
			},
		},
		nodeValue: {
			get: self => nodes.node(self).value,
			set: (self, value) => {
				const node = nodes.node(self);
				if (node.type !== ELEMENT) node.value = String(value);
			},
		},
		attributes: { get: self => nodes.attributes(nodes.node(self)) },
		childNodes: { get: self => nodes.children(nodes.node(self)) },
		firstChild: { get: self => nodes.object(nodes.node(self).children[0]) },
		lastChild: { get: self => nodes.object(nodes.node(self).children.at(-1)) },
		nextSibling: { get: self => nodes.object(nodes.node(self).sibling(1)) },
		previousSibling: { get: self => nodes.object(nodes.node(self).sibling(-1)) },
		parentNode: { get: self => nodes.object(nodes.node(self).parent) },
		prefix: { get: self => prefixOf(nodes.node(self)) },
		localName: { get: self => nodes.node(self).name?.replace(/^[^:]*:/, "") ?? null },
		namespaceURI: {
			get: self => {
				const node = nodes.node(self);
				const prefix = prefixOf(node);
				return prefix === null ? null : (node.namespaceFor(prefix) ?? "");
			},
		},
	};
}

function documentMethods(nodes: NodeObjects): Methods {
	return {
		createElement: (_self, [name]) => nodes.object(new XmlNode(ELEMENT, String(name))),
		createTextNode: (_self, [text]) => nodes.object(new XmlNode(TEXT, String(text))),
	};
}

function documentAccessors(documentOf: (self: ScriptObject) => XmlDocument): Record<string, NativeAccessor> {
	return {
		ignoreWhite: {
			get: self => documentOf(self).ignoreWhite,
			set: (self, value) => {
				documentOf(self).ignoreWhite = Boolean(value);
			},
		},
		status: {
			get: self => documentOf(self).status,
			set: (self, value) => {
				documentOf(self).status = Number(value);
			},
		},
		xmlDecl: {
			get: self => documentOf(self).xmlDecl,
			set: (self, value) => {
				documentOf(self).xmlDecl = optionalText(value);
			},
		},
		docTypeDecl: {
			get: self => documentOf(self).docTypeDecl,
			set: (self, value) => {
				documentOf(self).docTypeDecl = optionalText(value);
			},
		},
	};
}

/** Puts what a text holds in the place of all that the document had. */
function parse(document: XmlDocument, text: string): void {
	const { nodes, status, xmlDecl, docTypeDecl } = parseXml(text, document.ignoreWhite);
	for (const child of [...document.node.children]) child.remove();
	for (const node of nodes) document.node.insert(node, null);
	Object.assign(document, { status, xmlDecl, docTypeDecl });
}

function textOf(document: XmlDocument): string {
	return (document.xmlDecl ?? "") + (document.docTypeDecl ?? "") + String(document.node);
}

/** `""`: a name without prefix; `null`: no name. */
function prefixOf(node: XmlNode): string | null {
	if (node.name === null) return null;
	const colon = node.name.indexOf(":");
	return colon < 0 ? "" : node.name.slice(0, colon);
}

function optionalText(value: ScriptValue): string | undefined {
	return value === undefined || value === null ? undefined : String(value);
}

import { AmfXml } from "@millrace/core/amf";
import { beforeEach, describe, expect, it } from "vitest";
import { HttpLoader } from "./http-loader.ts";
import { realmFixture } from "./realm-fixture.ts";
import type { ScriptRealm } from "./script-realm.ts";
import { defineXml } from "./xml-class.ts";

let realm: ScriptRealm;
beforeEach(() => {
	({ realm } = realmFixture());
	defineXml(realm, new HttpLoader());
});

/** What a script gives, as plain data. */
const run = (source: string) => realm.fromScript(realm.run(source, "main.asc"));

describe("XML of old scripts", () => {
	it("is walked from node to node, each the same object whenever it is met", () => {
		expect(
			run(`
				var x = new XML('<list><user id="1">ann</user><user id="2"/></list>');
				var list = x.firstChild, ann = list.firstChild, bob = list.lastChild;
				ann.seen = true;
				[list.nodeName, list.nodeType, x.nodeName, ann.attributes.id, ann.firstChild.nodeValue, ann.firstChild.nodeType,
					bob.previousSibling.seen, bob.parentNode === list, ann.nextSibling == bob, list.childNodes.length,
					list.childNodes[0].seen, bob.nextSibling, bob.hasChildNodes(), x.parentNode, ann.nodeValue, ann.firstChild.nodeName];
			`),
		).toEqual(["list", 1, null, "1", "ann", 3, true, true, true, 2, true, null, false, null, null, null]);
	});

	it("gives the same array of children until one comes or goes, as loops ask at every step", () => {
		expect(
			run(`
				var a = new XML("<a><b/><c/></a>").firstChild, list = a.childNodes, log = [list == a.childNodes];
				a.firstChild.removeNode(); log.push(list.length, a.childNodes.length, list == a.childNodes);
				list = a.childNodes; a.appendChild(new XMLNode(1, "d")); log.push(a.childNodes.length, list.length);
				list = a.childNodes; a.insertBefore(a.lastChild, a.firstChild); log.push(a.childNodes[0].nodeName, list[0].nodeName);
				new XML("<e/>").appendChild(a.firstChild); log.concat(a.childNodes.length);
			`),
		).toEqual([true, 2, 1, false, 2, 1, "d", "c", 1]);
	});

	it("is built from nothing", () => {
		expect(
			run(`
				var x = new XML(), root = x.createElement("msg");
				root.attributes.to = "a & b"; root.attributes.n = 3;
				root.appendChild(x.createTextNode("<hi>"));
				root.insertBefore(x.createElement("first"), root.firstChild);
				x.appendChild(root); x.xmlDecl = '<?xml version="1.0"?>'; x.docTypeDecl = "<!DOCTYPE msg>";
				root.nodeName = "note"; root.lastChild.nodeValue = "it's";
				x.toString();
			`),
		).toBe('<?xml version="1.0"?><!DOCTYPE msg><note to="a &amp; b" n="3"><first />it&apos;s</note>');
	});

	it("is cloned, moved and taken apart", () => {
		expect(
			run(`
				var x = new XML("<a><b><c/></b><d/></a>"), a = x.firstChild;
				var copy = a.firstChild.cloneNode(true), flat = a.cloneNode(false);
				a.lastChild.appendChild(a.firstChild);
				copy.attributes.n = 1;
				var log = [String(x), String(copy), String(flat)];
				a.firstChild.removeNode(); a.appendChild(a); a.appendChild(null); x.appendChild(copy);
				log.concat(String(x));
			`),
		).toEqual(["<a><d><b><c /></b></d></a>", '<b n="1"><c /></b>', "<a />", '<a /><b n="1"><c /></b>']);
	});

	it("tells what is wrong with a text, and goes on with the next", () => {
		expect(
			run(`
				var x = new XML("<a></b>");
				var log = [x.status, x.loaded];
				x.ignoreWhite = true; x.parseXML("<a> <b/> </a>");
				log.concat(x.status, String(x), new XML("<!-- ").status);
			`),
		).toEqual([-10, undefined, 0, "<a><b /></a>", -5]);
	});

	it("knows namespaces", () => {
		expect(
			run(`
				var n = new XML('<p:a xmlns:p="urn:p" xmlns="urn:d"><b/></p:a>').firstChild, b = n.firstChild;
				[n.prefix, n.localName, n.namespaceURI, b.prefix, b.namespaceURI, b.getNamespaceForPrefix("p"),
					b.getNamespaceForPrefix("q"), b.getPrefixForNamespace("urn:p"), new XML().prefix, new XML("<a/>").firstChild.namespaceURI];
			`),
		).toEqual(["p", "a", "urn:p", "", "urn:d", "urn:p", null, "p", null, ""]);
	});

	it("is an XMLNode, whose prototype scripts extend", () => {
		expect(
			run(`
				XMLNode.prototype.names = function () { var n = []; for (var c = this.firstChild; c; c = c.nextSibling) n.push(c.nodeName); return n; };
				var x = new XML("<a/><b/>");
				[x.names(), x instanceof XMLNode, x.firstChild instanceof XML, String(new XMLNode(3, "<")), String(new XMLNode(1, "e")), new XML(x).childNodes.length];
			`),
		).toEqual([["a", "b"], true, false, "&lt;", "<e />", 2]);
	});

	it("travels as AMF's XML, both ways", () => {
		expect(run(`new XML("<a/>")`)).toEqual(new AmfXml("<a />", true));
		expect(run(`new XML("<a><b/></a>").firstChild.firstChild`)).toEqual(new AmfXml("<b />", true));
		Reflect.set(realm.global, "received", realm.toScript(new AmfXml("<q><r/></q>")));
		expect(run("[received instanceof XML, received.firstChild.firstChild.nodeName]")).toEqual([true, "r"]);
	});

	it("throws a TypeError of the realm for a method of another object", () => {
		expect(
			run(`var e = []; var m = [XML.prototype.parseXML, XMLNode.prototype.appendChild, XML.prototype.load];
				for (var i = 0; i < m.length; i++) try { m[i].call({}, "x"); } catch (x) { e.push(x instanceof TypeError); } e`),
		).toEqual([true, true, true]);
	});
});

/** The methods that each path takes, for answering 405: the router itself only knows "not found". */
export interface MethodTable {
  add(methods: string | readonly string[], route: string): void;
  /** Methods of the path of a URL; empty when no route has it. */
  of(url: string): string[];
}

export function createMethodTable(): MethodTable {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  return {
    add(methods, route) {
      const pattern = route
        .split("/")
        .map((part) => (part.startsWith(":") ? "[^/]+" : escaped(part)))
        .join("/");
      // A wildcard takes everything: it says nothing about which paths there are.
      if (route.includes("*")) return;
      routes.push({ pattern: new RegExp(`^${pattern}$`), methods: [methods].flat() });
    },
    of(url) {
      const path = url.split("?", 1)[0] ?? "";
      const found = routes.filter(({ pattern }) => pattern.test(path));
      return [...new Set(found.flatMap(({ methods }) => methods))].sort();
    },
  };
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

import type { TargetedMouseEvent } from "preact";
import { useEffect } from "preact/hooks";
import { go, useAddress } from "./address.ts";
import { ThemeButton } from "./theme-button.tsx";
import { views } from "./views.ts";

/** Everything on the page: the menu, and the view of its address. */
export function Shell() {
  const { view: name, query } = useAddress();
  // Another view shows the same runs.
  const kept = String(new URLSearchParams(query.getAll("run").map((run) => ["run", run])));
  const view = name === "" ? views[0] : views.find((one) => one.name === name);
  useEffect(() => {
    document.title = view === undefined ? "Armature" : `${view.title} · Armature`;
  }, [view]);
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="bar">
        <a class="brand" href="/" onClick={follow}>
          Armature
        </a>
        <nav aria-label="Views">
          {views.map((one) => (
            <a
              key={one.name}
              href={`/${one.name}${kept === "" ? "" : `?${kept}`}`}
              aria-current={one === view ? "page" : undefined}
              onClick={follow}
            >
              {one.title}
            </a>
          ))}
        </nav>
        <ThemeButton />
      </header>
      <main id="content" tabIndex={-1}>
        {view === undefined ? <NoView name={name} /> : <view.component />}
      </main>
    </>
  );
}

function NoView({ name }: { readonly name: string }) {
  return (
    <p class="note">
      There is no view named {name}. There is <a href={`/${views[0].name}`}>{views[0].title}</a>.
    </p>
  );
}

/** Follows a link inside of the page; a new tab, as with Ctrl, is the browser's own matter. */
function follow(event: TargetedMouseEvent<HTMLAnchorElement>): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go(event.currentTarget.href, "push");
}

import { useEffect, useState } from "preact/hooks";

const wide = matchMedia("(min-width: 900px)");

/** Whether there is room for what stands beside a view. */
export function useIsWide(): boolean {
  const [isWide, setIsWide] = useState(wide.matches);
  useEffect(() => {
    const update = () => setIsWide(wide.matches);
    wide.addEventListener("change", update);
    return () => wide.removeEventListener("change", update);
  }, []);
  return isWide;
}

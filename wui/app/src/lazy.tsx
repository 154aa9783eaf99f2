// Pages are fetched when they are first shown, and again after a failure.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Loading } from "./components/page";

type Module = { default: ComponentType };

export function lazy(load: () => Promise<Module>): ComponentType {
  let loaded: ComponentType | undefined;
  return function Lazy() {
    const [page, setPage] = useState<{ show: ComponentType } | undefined>(loaded && { show: loaded });
    useEffect(() => {
      if (page) return undefined;
      let here = true;
      const fetchIt = () =>
        load().then(
          (module) => {
            loaded = module.default;
            if (here) setPage({ show: module.default });
          },
          () => here && setTimeout(fetchIt, 2000),
        );
      void fetchIt();
      return () => void (here = false);
    }, []);
    return page ? <page.show /> : <Loading />;
  };
}

/** The sign of the product. */
export const Logo = () => (
  <svg className="logo" viewBox="0 0 20 20" aria-hidden="true">
    <path d="M3 3v8a7 7 0 0 0 14 0V3h-4.5v8a2.5 2.5 0 0 1-5 0V3z" fill="currentColor" />
  </svg>
);

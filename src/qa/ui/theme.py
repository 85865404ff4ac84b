"""Gradio's theme. Its colours and sizes are those of the palette in page.css."""

from __future__ import annotations

import gradio as gr

SYSTEM_FONTS = (
    "system-ui",
    "Noto Sans",
    "Noto Sans Khmer",
    "Noto Sans CJK JP",
    "Hiragino Sans",
    "Yu Gothic",
    "Microsoft YaHei",
    "Khmer OS",
    "sans-serif",
)
"""Fonts that readers' machines have. None is fetched: the page asks no other host for anything."""


def make_theme() -> gr.themes.Base:
    """A plain theme whose colours are page.css's variables."""
    theme = gr.themes.Base(
        font=[gr.themes.Font(name) for name in SYSTEM_FONTS],
        font_mono=[gr.themes.Font("ui-monospace"), gr.themes.Font("monospace")],
        text_size=gr.themes.sizes.text_lg,
        radius_size=gr.themes.sizes.radius_md,
    )
    shades = {
        "body_background_fill": "var(--ground)",
        "body_text_color": "var(--ink)",
        "body_text_color_subdued": "var(--ink-soft)",
        "background_fill_primary": "var(--surface)",
        "background_fill_secondary": "var(--ground)",
        "block_background_fill": "transparent",
        "block_label_text_color": "var(--ink-soft)",
        "block_title_text_color": "var(--ink-soft)",
        "block_info_text_color": "var(--ink-soft)",
        "border_color_primary": "var(--line)",
        "border_color_accent": "var(--accent)",
        "input_background_fill": "var(--surface)",
        "input_border_color": "var(--line-strong)",
        "input_border_color_focus": "var(--accent)",
        "input_placeholder_color": "var(--ink-soft)",
        "checkbox_background_color": "var(--surface)",
        "checkbox_background_color_selected": "var(--accent)",
        "checkbox_border_color": "var(--line-strong)",
        "checkbox_border_color_selected": "var(--accent)",
        "checkbox_label_background_fill": "var(--surface)",
        "checkbox_label_background_fill_hover": "var(--ground)",
        "checkbox_label_background_fill_selected": "var(--accent-soft)",
        "checkbox_label_border_color": "var(--line-strong)",
        "checkbox_label_text_color": "var(--ink)",
        "checkbox_label_text_color_selected": "var(--ink)",
        "button_primary_background_fill": "var(--accent)",
        "button_primary_background_fill_hover": "var(--accent-strong)",
        "button_primary_border_color": "var(--accent)",
        "button_primary_border_color_hover": "var(--accent-strong)",
        "link_text_color": "var(--accent)",
        "link_text_color_hover": "var(--accent-strong)",
        "link_text_color_active": "var(--accent-strong)",
        "link_text_color_visited": "var(--accent)",
        "button_primary_text_color": "var(--on-accent)",
        "button_secondary_background_fill": "transparent",
        "button_secondary_background_fill_hover": "var(--accent-soft)",
        "button_secondary_border_color": "var(--line-strong)",
        "button_secondary_text_color": "var(--ink)",
        "loader_color": "var(--accent)",
        "color_accent_soft": "var(--accent-soft)",
        "block_border_width": "0px",
        "block_shadow": "none",
        "block_label_background_fill": "transparent",
        "input_border_width": "1px",
        "input_shadow_focus": "0 0 0 3px var(--accent-soft)",
    }
    # The variables change with the colour scheme, so the dark values are the same words.
    dark = {f"{name}_dark": value for name, value in shades.items()}
    theme.set(
        **shades,
        **dark,
        color_accent="var(--accent)",
        block_padding="0px",
        input_shadow="none",
        button_large_padding="10px 22px",
        layout_gap="var(--space-4)",
    )
    return theme
